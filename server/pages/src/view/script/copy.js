// Comfort: the page does everything without it. What it adds it makes itself, so
// that nothing is dead where scripts are off. Statements end with semicolons, since
// line ends are left out.
for (const field of document.querySelectorAll("[data-copy]")) {
  const { copy, copied } = field.dataset;
  const button = document.createElement("button");
  const told = document.createElement("span");
  button.type = "button";
  button.className = "main";
  button.textContent = copy;
  button.ariaLabel = copy + ": " + field.labels[0].textContent;
  told.role = "status";
  button.onclick = async () => {
    field.select();
    try { await navigator.clipboard.writeText(field.value) } catch { document.execCommand("copy") }
    told.textContent = copied;
  };
  field.parentNode.append(button, told);
}
