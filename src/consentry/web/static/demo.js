// Small comforts. The page works the same without them.
const file = document.querySelector("#file");
const said = document.querySelector("#file-said");
const samples = [...document.querySelectorAll('input[name="sample"]')];
const own = samples.find((one) => one.value === "own");

function describe() {
  const chosen = file.files[0];
  const tooLarge = chosen && chosen.size > Number(file.dataset.maxBytes);
  said.textContent = tooLarge ? file.dataset.tooLarge : "";
  if (chosen) own.checked = true;
}

file.addEventListener("change", describe);

// A sample that is chosen after a file takes the file's place.
for (const one of samples) {
  one.addEventListener("change", () => {
    if (one === own || !one.checked) return;
    file.value = "";
    describe();
  });
}

const wait = document.querySelector("#send-said");
document.querySelector("#ask").addEventListener("submit", () => {
  wait.textContent = wait.dataset.wait;
});
// Coming back by the browser's own button shows the page as it was left: say nothing old.
window.addEventListener("pageshow", () => {
  wait.textContent = "";
});
