// Keys that never leave this browser: make one, prove it, sign with it. Ed25519 by WebCrypto, kept
// in IndexedDB where no script can read the secret half. Without this file the platform signs.
"use strict";

(() => {
  const ALGORITHM = { name: "Ed25519" };
  const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  const MULTICODEC = [0xed, 0x01];
  const UNUSED_MS = 600000;
  const bytes = (text) => new TextEncoder().encode(text);

  function base58(data) {
    let number = data.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
    let text = "";
    for (; number > 0n; number /= 58n) text = ALPHABET[Number(number % 58n)] + text;
    for (const byte of data) {
      if (byte !== 0) break;
      text = `1${text}`;
    }
    return text;
  }

  function base64(buffer) {
    return btoa(String.fromCharCode(...new Uint8Array(buffer)));
  }

  function promised(request) {
    return new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  async function store(mode) {
    const opening = indexedDB.open("packbourse", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("keys", { keyPath: "publicKey" });
    const database = await promised(opening);
    database.onversionchange = () => database.close();
    return database.transaction("keys", mode).objectStore("keys");
  }

  async function kept() {
    return promised((await store("readonly")).getAll());
  }

  async function isSupported() {
    try {
      await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
      await kept();
      return true;
    } catch {
      return false;
    }
  }

  async function make(person) {
    const pair = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
    const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    const publicKey = `z${base58([...MULTICODEC, ...raw])}`;
    const row = { publicKey, privateKey: pair.privateKey, person, madeAt: Date.now() };
    await promised((await store("readwrite")).put(row));
    return row;
  }

  function sign(row, data) {
    return crypto.subtle.sign(ALGORITHM, row.privateKey, data);
  }

  // The browser fills the form and sends it; where that fails it says so and sends nothing.
  function fillThenSend(form, fill) {
    let isBusy = false;
    form.addEventListener("submit", async (event) => {
      if (event.submitter && event.submitter.hasAttribute("formaction")) return;
      event.preventDefault();
      if (isBusy) return;
      isBusy = true;
      try {
        await fill(form);
        form.submit();
      } catch {
        isBusy = false;
        delete form.dataset.sent; // The page holds second clicks back; this one sent nothing.
        const failed = form.querySelector("[data-key-failed]");
        if (failed) failed.hidden = false;
      }
    });
  }

  async function enrolHere(section) {
    const form = section.querySelector("[data-key-enrol]");
    const rows = [...document.querySelectorAll("[data-key]")];
    const standing = rows.filter((row) => "keyStanding" in row.dataset).map((row) => row.dataset.key);
    for (const own of await kept()) {
      const row = rows.find((one) => one.dataset.key === own.publicKey);
      const isUnused = own.person === section.dataset.person && Date.now() - own.madeAt > UNUSED_MS;
      if (row && standing.includes(own.publicKey)) row.querySelector("[data-key-here]").hidden = false;
      else if (row || isUnused) await promised((await store("readwrite")).delete(own.publicKey));
    }
    if (!form) return;
    section.querySelector("[data-key-unsupported]").hidden = true;
    form.hidden = false;
    fillThenSend(form, async () => {
      const row = await make(section.dataset.person);
      form.elements.public_key.value = row.publicKey;
      form.elements.proof.value = base64(await sign(row, bytes(form.dataset.statement + row.publicKey)));
    });
  }

  // Offers the key of this browser where the server knows it; the other button stays as it is.
  async function offer(place) {
    const usable = place.dataset.keyOffer.split(" ");
    const own = (await kept()).find((row) => usable.includes(row.publicKey));
    if (!own) return;
    place.querySelector("button").value = own.publicKey;
    place.hidden = false;
  }

  // What is signed is what the page shows: the hashes of both texts, one after the other.
  function signShown(form) {
    fillThenSend(form, async () => {
      const row = (await kept()).find((one) => one.publicKey === form.dataset.keySign);
      const data = new Uint8Array(64);
      for (const [place, name] of [[0, "options"], [32, "document"]]) {
        const text = bytes(document.querySelector(`[data-signed-${name}]`).textContent);
        data.set(new Uint8Array(await crypto.subtle.digest("SHA-256", text)), place);
      }
      form.elements.signature.value = base64(await sign(row, data));
    });
  }

  document.addEventListener("DOMContentLoaded", async () => {
    document.querySelectorAll("[data-key-sign]").forEach(signShown);
    if (!(await isSupported())) return;
    document.querySelectorAll("[data-key-offer]").forEach(offer);
    document.querySelectorAll("#device-keys").forEach(enrolHere);
  });
})();
