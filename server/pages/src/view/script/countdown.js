// Comfort: the page does everything without it. What it adds it makes itself, so
// that nothing is dead where scripts are off. Statements end with semicolons, since
// line ends are left out.
for (const time of document.querySelectorAll("[data-left]")) {
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang);
  const told = document.createElement("span");
  const tell = () => {
    const left = (Date.parse(time.dateTime) - Date.now()) / 1e3;
    const [unit, secs] = left > 2e5 ? ["day", 86400] : left > 7e3 ? ["hour", 3600] : ["minute", 60];
    told.textContent = left > 0 ? ` (${words.format(Math.ceil(left / secs), unit)})` : "";
  };
  tell();
  setInterval(tell, 1e4);
  time.after(told);
}
