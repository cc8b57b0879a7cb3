// Comfort: the page does everything without it. What it adds it makes itself, so
// that nothing is dead where scripts are off. Statements end with semicolons, since
// line ends are left out.
const words = new Intl.RelativeTimeFormat(document.documentElement.lang);
for (const time of document.querySelectorAll("[data-left]")) {
  const told = document.createElement("span");
  const tell = () => {
    const left = (Date.parse(time.dateTime) - Date.now()) / 1e3;
    const [unit, secs] = left > 172800 ? ["day", 86400] : left > 7200 ? ["hour", 3600] : left > 120 ? ["minute", 60] : ["second", 1];
    told.textContent = left > 0 ? ` (${words.format(Math.floor(left / secs), unit)})` : "";
  };
  tell();
  setInterval(tell, 1e3);
  time.after(told);
}
