// The line to the demo: what it tells, and answers to what is asked of it.

const TRIES = 5, PAUSE_MS = 1000, GOING_AWAY = 1001;

export function connect({ told, opened, lost, ended }) {
  const waiting = new Map();
  let socket = null, asked = 0, left = TRIES;

  function open() {
    const here = new URL("live", location.href);
    here.protocol = "ws:";
    here.hash = "";
    socket = new WebSocket(here);
    socket.addEventListener("open", () => {
      left = TRIES;
      opened();
    });
    socket.addEventListener("message", ({ data }) => {
      const said = JSON.parse(data);
      if (said.type !== "reply") return told(said);
      waiting.get(said.id)?.(said);
      return waiting.delete(said.id);
    });
    socket.addEventListener("close", ({ code }) => {
      for (const answer of waiting.values()) answer({ error: "The demo is not there." });
      waiting.clear();
      left -= 1;
      if (code === GOING_AWAY || left < 0) return ended(); // a demo that starts again has another address
      lost();
      return setTimeout(open, PAUSE_MS);
    });
  }

  open();
  return (act, details = {}) => new Promise((answer) => {
    if (socket.readyState !== WebSocket.OPEN) return answer({ error: "The demo is not there." });
    asked += 1;
    waiting.set(asked, answer);
    return socket.send(JSON.stringify({ id: asked, do: act, ...details }));
  });
}
