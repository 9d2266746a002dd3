const shown = (id) => document.getElementById(id);

async function takeStock(url) {
  const headers = { "content-type": "application/json", "x-token": "mine" };
  try {
    const answer = await fetch(url, { method: "PUT", headers, body: JSON.stringify({ count: 3 }) });
    const { count } = await answer.json();
    shown("stock").textContent = `${count} by ${answer.headers.get("x-answered-by")}`;
  } catch (error) {
    shown("stock").textContent = error.name;
  }
}

function listen(url) {
  const source = new EventSource(url);
  source.addEventListener("news", ({ data }) => {
    shown("news").append(Object.assign(document.createElement("li"), { textContent: data }));
  });
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) shown("news").dataset.state = "closed";
  };
}
