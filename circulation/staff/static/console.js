"use strict";
// Saves keystrokes only: every page works without it.

// A scanner types quickly and ends with Enter; whatever is typed outside a field goes into the page's scan field.
const scan = document.querySelector("[data-scan]");
if (scan) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, button, a, summary, [contenteditable]");
    if (!typing && event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey) scan.focus();
  });
}

// data-key="F2": this key presses the button or follows the link.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const wanted = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (wanted) {
    event.preventDefault();
    wanted.click();
  }
});

// A form is sent once, however often its button is pressed; data-elsewhere: a button whose answer leaves this page as it is.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  else if (event.target.method === "post" && !("elsewhere" in (event.submitter?.dataset ?? {}))) event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// data-change: choosing sends the form at once; its button stays for those who do without.
for (const field of document.querySelectorAll("[data-change]")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}
