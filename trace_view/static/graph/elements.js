// Elements of a page; what they hold is text.

export function element(tag, { data = {}, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(data)) made.setAttribute(name, value);
  made.append(...children.filter(Boolean));
  return made;
}

export const button = (text, does, label, className = "") =>
  element("button", { type: "button", textContent: text, onclick: does, className, data: label ? { "aria-label": label } : {} });

export const note = (text, tag = "p") => element(tag, { className: "note", textContent: text });

export const value = (text) => element("pre", { className: "value", tabIndex: 0, textContent: text });

export const fact = (name, ...parts) => element("div", {}, element("dt", { textContent: name }), element("dd", {}, ...parts));
