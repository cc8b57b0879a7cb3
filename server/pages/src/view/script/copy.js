// Comfort: the page does everything without it. What it adds it makes itself, so
// that nothing is dead where scripts are off. Statements end with semicolons, since
// line ends are left out.
for (const field of document.querySelectorAll("[data-copy]")) {
  const { copy, copied } = field.dataset;
  const label = copy + " " + field.labels[0].textContent;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "main", textContent: copy, ariaLabel: label });
  const told = Object.assign(document.createElement("span"), { role: "status" });
  button.onclick = async () => {
    field.select();
    try { await navigator.clipboard.writeText(field.value) } catch { document.execCommand("copy") }
    told.textContent = copied;
  };
  field.after(button);
  field.parentNode.after(told);
}
