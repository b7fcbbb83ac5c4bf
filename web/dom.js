// Elements and text nodes. There is no way to HTML from here, so hostile text stays text and the
// page can require Trusted Types.

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "selected", "disabled", "hidden", "open", "indeterminate"]);
const SAFE_URL = /^(?:https?:|blob:|\/(?!\/)|#)/i;
const ADDRESSES = new Set(["href", "src"]);

/** An element: h("p.note", {title: "..."}, "text", child, [more]). Falsy children are left out. */
export function h(tag, props, ...children) {
  return build((name) => document.createElement(name), tag, props, children);
}

/** The same in the namespace of SVG. */
export function s(tag, props, ...children) {
  return build((name) => document.createElementNS(SVG, name), tag, props, children);
}

function build(create, tag, props, children) {
  const [name, ...classes] = tag.split(".");
  const element = create(name);
  for (const one of classes) element.classList.add(one);
  for (const [key, value] of Object.entries(props ?? {})) set(element, key, value);
  append(element, children);
  return element;
}

function set(element, key, value) {
  if (value === undefined || value === null || value === false) return;
  if (key.startsWith("on")) {
    if (typeof value !== "function") throw new TypeError(`${key} is no function`);
    element.addEventListener(key.slice(2), value);
  } else if (key === "class") {
    for (const one of String(value).split(" ")) if (one) element.classList.add(one);
  } else if (key === "vars") {
    for (const [name, text] of Object.entries(value)) element.style.setProperty(name, text);
  } else if (PROPERTIES.has(key)) {
    element[key] = value;
  } else if (ADDRESSES.has(key)) {
    // Other schemes, such as javascript:, are left out: the element is then no link.
    if (SAFE_URL.test(String(value))) element.setAttribute(key, String(value));
  } else {
    element.setAttribute(key, value === true ? "" : String(value));
  }
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    element.append(child instanceof Node ? child : document.createTextNode(visible(String(child))));
  }
}

/**
 * Text as it was judged: marks that would change the order of what stands beside them are shown as
 * codes, and whatever separates lines, or pages, breaks the line.
 */
export function visible(text) {
  return text.replace(/[\v\f\x85\u2028\u2029]/g, "\n")
    .replace(/[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, (one) =>
      `[U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
}

/** Text of a user, isolated from the direction of the sentence around it. */
export function own(text) {
  return h("bdi", null, text);
}

export function $(id) {
  return document.getElementById(id);
}

/** Puts children in place of what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** Tells screen readers; the second region takes what cannot wait. */
export function announce(text, urgent = false) {
  const region = $(urgent ? "alerts" : "news");
  // The same sentence twice is read twice only if the region was empty in between.
  region.textContent = "";
  setTimeout(() => { region.textContent = visible(text); }, 50);
}

/** A picture from the set of the page, hidden from screen readers. */
const SHAPES = {
  check: "M4 12.5l5 5L20 6.5",
  cross: "M6 6l12 12M18 6L6 18",
  unsure: "M9 9a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 2.2M12 17.6v.4",
  minus: "M6 12h12",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  eye: "M3 3l18 18M10.6 6.2A9 9 0 0 1 21 12a10 10 0 0 1-2.2 3M6.5 7.5A10 10 0 0 0 3 12c2 4 5.3 6 9 6a9 9 0 0 0 3.6-.8",
  undo: "M9 7L4 12l5 5M4 12h10a5 5 0 0 1 0 10h-2",
  back: "M15 5l-7 7 7 7",
};

export function icon(name) {
  return s("svg.icon", { viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    s("path", { d: SHAPES[name] }));
}
