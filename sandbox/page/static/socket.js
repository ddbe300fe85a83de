// The line to the demo: what it tells, and answers to what is asked of it.

export function connect({ told, opened, lost }) {
  const waiting = new Map();
  let socket = null;
  let asked = 0;

  function open() {
    const here = new URL("live", location.href);
    here.protocol = "ws:";
    here.hash = "";
    socket = new WebSocket(here);
    socket.addEventListener("open", opened);
    socket.addEventListener("message", ({ data }) => {
      const said = JSON.parse(data);
      if (said.type !== "reply") return told(said);
      waiting.get(said.id)?.(said);
      return waiting.delete(said.id);
    });
    socket.addEventListener("close", () => {
      for (const answer of waiting.values()) answer({ error: "The demo is not there." });
      waiting.clear();
      lost();
      setTimeout(open, 1000);
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
