"use strict";

// Before a form that asks for a passkey is sent, the authenticator is asked, and its answer
// goes with the form. What it means is looked at where the form arrives.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const words = (list) => list.split(" ").filter((word) => word !== "");

const timeout = 5 * 60 * 1000; // milliseconds; the statement is not taken in later

async function sign(asked) {
  const made = await navigator.credentials.get({
    publicKey: {
      challenge: bytes(asked.challenge),
      rpId: asked.site,
      allowCredentials: words(asked.passkeys).map((id) => ({ type: "public-key", id: bytes(id) })),
      userVerification: "required",
      timeout,
    },
  });
  return {
    passkey: made.rawId,
    authenticator: made.response.authenticatorData,
    client: made.response.clientDataJSON,
    signature: made.response.signature,
  };
}

async function make(asked) {
  const made = await navigator.credentials.create({
    publicKey: {
      challenge: bytes(asked.challenge),
      rp: { id: asked.site, name: "Căn cước" },
      user: { id: bytes(asked.user), name: asked.name, displayName: asked.name },
      pubKeyCredParams: words(asked.algorithms).map((alg) => ({ type: "public-key", alg: Number(alg) })),
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      attestation: "none",
      timeout,
    },
  });
  return { passkey: made.rawId, attestation: made.response.attestationObject, client: made.response.clientDataJSON };
}

for (const form of document.querySelectorAll("form[data-ask]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const answer = await (form.dataset.ask === "make" ? make : sign)(form.dataset);
      for (const [name, value] of Object.entries(answer)) {
        form.elements[name].value = text(value);
      }
    } catch (problem) {
      form.querySelector("[data-why]").textContent = problem.name;
      form.querySelector("[data-trouble]").hidden = false;
      button.disabled = false;
      return;
    }
    form.submit();
  });
}
