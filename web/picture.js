// A picture to be tried: chosen among files, sent in base64.

import { Problem } from "./api.js";
import { h } from "./dom.js";

const TYPES = "image/png,image/jpeg,image/tiff,image/webp,image/gif";
const MOST_BYTES = 4_000_000;

/** The field of the form, and what was chosen in it. */
export function pictureField(described) {
  const file = h("input", { id: "try-picture", type: "file", accept: TYPES, "aria-describedby": described });
  let address = null;
  return {
    root: h("p.row", { hidden: true }, h("label", { for: file.id }, "Picture"), file),
    /** The picture in base64. Throws a Problem that says what to choose. */
    content() {
      const [chosen] = file.files;
      if (!chosen) {
        file.focus();
        throw new Problem(400, { detail: "There is no picture.", hint: "Choose a file in PNG, JPEG, TIFF, WebP or GIF." });
      }
      if (chosen.size > MOST_BYTES) throw new Problem(413, { detail: "The picture has more than 4 MB.", hint: "Drop it under Uploads." });
      return base64(chosen);
    },
    /** Where this browser has the picture, until the next one is asked for. */
    shown() {
      if (address) URL.revokeObjectURL(address);
      address = URL.createObjectURL(file.files[0]);
      return address;
    },
  };
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Problem(400, { detail: "The file cannot be read.", hint: "Choose it again." }));
    reader.readAsDataURL(file);
  });
}
