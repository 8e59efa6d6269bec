// Sends the proof of this browser's session with whatever the page asks for. It is in the storage of the
// origin since the log-in; other ports of this machine, which are sent the cookie, have another storage.
{
  // A base that is relative to the page's address would follow when that changes.
  const base = document.querySelector("base");
  base.href = base.href;
  // Boards of one host share a storage; the path tells them apart.
  const key = "kanban-proof" + new URL(document.baseURI).pathname.replace(/\/$/, "");
  const proof = () => localStorage.getItem(key) ?? "";
  const send = window.fetch;
  window.fetch = (input, init) => {
    const request = input instanceof Request && !init ? input : new Request(input, init);
    const { origin } = new URL(request.url);
    if (request.method !== "GET" && origin === location.origin) {
      request.headers.set("x-kanban-proof", proof());
    }
    return send(request);
  };
  // Forms that are sent before the program has taken over.
  addEventListener(
    "submit",
    ({ target: form }) => {
      if (form.method !== "post" || form.querySelector("[name=proof]")) return;
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = "proof";
      field.value = proof();
      form.append(field);
    },
    true,
  );
}
