// Signs a consent in the patient's browser: the one thing on these pages that needs a script.
//
// A key is made for this consent alone. It cannot be taken out of the browser, signs the grant and, in advance, the withdrawal, and is then
// forgotten: whoever holds the device later can sign nothing. Withdrawing needs no key and no script.
//
// The page gives:
//   <section data-consent-sign data-post="/api/v1/consents" data-done="/me/consents?done=granted">
//     <div data-consent-text> the statement in plain words, as the draft has it </div>
//     <script type="application/json" data-consent-draft> consent.Draft as JSON </script>
//     <button type="button" data-consent-button hidden> sign </button>
//     <p data-consent-status role="status"></p>
//   </section>
// The button is shown and enabled here, so that without a script there is none that does nothing.
(function () {
  "use strict";

  const encoder = new TextEncoder();

  // canonical writes a JSON value by RFC 8785: keys in order of their UTF-16 units, no space. JSON.stringify writes strings and numbers as the
  // RFC asks. It equals tlog.Canonical on the server byte for byte.
  function canonical(value) {
    if (Array.isArray(value)) {
      return "[" + value.map(canonical).join(",") + "]";
    }
    if (value !== null && typeof value === "object") {
      return "{" + Object.keys(value).sort().map((k) => JSON.stringify(k) + ":" + canonical(value[k])).join(",") + "}";
    }
    return JSON.stringify(value);
  }

  function hex(bytes) {
    return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  }

  function base64(bytes) {
    return btoa(String.fromCharCode(...bytes));
  }

  function fromBase64(text) {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  }

  function join(...parts) {
    const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const p of parts) {
      out.set(p, at);
      at += p.length;
    }
    return out;
  }

  // commitmentInput is what is hashed: it binds to the statement without showing it (tlog.Commit).
  function commitmentInput(salt, statement) {
    return join(encoder.encode("yilian/commit/v1\nconsent\n"), salt, encoder.encode(statement));
  }

  function grantMessage(id, commitment, until) {
    return "yilian/consent/grant/v1\n" + id + "\n" + commitment + "\n" + until + "\n";
  }

  function withdrawalMessage(id) {
    return "yilian/consent/withdraw/v1\n" + id + "\n";
  }

  // sign makes the key, completes the statement with the id that follows from it, and signs both messages.
  async function sign(draft) {
    const subtle = globalThis.crypto.subtle;
    const sha256 = async (bytes) => new Uint8Array(await subtle.digest("SHA-256", bytes));
    const pair = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
    const publicKey = new Uint8Array(await subtle.exportKey("spki", pair.publicKey));
    const id = hex(await sha256(publicKey));
    const statement = { ...draft.statement, consent: id };
    const commitment = hex(await sha256(commitmentInput(fromBase64(draft.salt), canonical(statement))));
    const signed = async (message) =>
      base64(new Uint8Array(await subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, encoder.encode(message))));
    return {
      statement,
      salt: draft.salt,
      publicKey: base64(publicKey),
      grant: await signed(grantMessage(id, commitment, draft.until)),
      withdrawal: await signed(withdrawalMessage(id)),
    };
  }

  // shows tells whether a text on the page is the one that will be signed, whatever its line breaks.
  function shows(shown, text) {
    const plain = (s) => s.replace(/\s+/g, "");
    return plain(shown) === plain(text);
  }

  const texts = {
    zh: {
      working: "正在签署…",
      done: "已签署。账本确认后生效。",
      insecure: "此浏览器无法安全签署。请用 https 打开本页，或换一个较新的浏览器。",
      mismatch: "页面内容与待签署内容不一致，未签署。请重新加载本页。",
      network: "未能送达，请检查网络后再按一次；不会重复授权。",
      failed: "签署未成功，未作任何授权。请重新加载本页再试。",
      SIGN_IN: "登录已过期，请重新登录后再签署。",
      CONSENT_DRAFT_OLD: "本页打开已超过一小时，请重新加载后再签署。",
      CONSENT_NOTICE: "告知内容已更新，请重新加载本页并再读一遍。",
      CONSENT_CHANGED: "提交的内容与本页不一致，请重新加载本页。",
      CONSENT_SIGNATURE: "签名未通过验证，请重新加载本页后再签署。",
      CONSENT_PERIOD: "授权期限不合适，请返回重新选择（最长一年）。",
      CONSENT_GUARDIAN: "未满十四周岁须由父母或其他监护人同意，目前不能在线办理，请与监护人一同到服务台。",
      CONSENT_AGE_UNKNOWN: "这里没有您的出生日期，不能在线授权，请到服务台办理。",
      NOT_THE_PATIENT: "只能为您本人授权。请用本人账号登录。",
    },
    en: {
      working: "Signing…",
      done: "Signed. It counts once the ledger has confirmed it.",
      insecure: "This browser cannot sign safely. Open this page over https, or use a newer browser.",
      mismatch: "The page does not show what would be signed, so nothing was signed. Please load the page again.",
      network: "It could not be sent. Check your connection and press again; nothing is granted twice.",
      failed: "Signing did not work and nothing was granted. Please load the page again.",
      SIGN_IN: "You have been signed out. Please sign in and try again.",
    },
  };

  function say(lang, key, fallback) {
    return texts[lang][key] || fallback || texts[lang].failed;
  }

  // problemText says what to do about an answer that is not a success. The server's own sentence is English.
  function problemText(lang, status, problem) {
    if (status === 401) {
      return texts[lang].SIGN_IN;
    }
    const known = texts[lang][problem.code];
    if (known) {
      return known;
    }
    return lang === "en" && problem.detail ? problem.detail : texts[lang].failed;
  }

  function start(root) {
    const lang = (document.documentElement.lang || "zh").startsWith("en") ? "en" : "zh";
    const button = root.querySelector("[data-consent-button]");
    const status = root.querySelector("[data-consent-status]");
    const draft = JSON.parse(root.querySelector("[data-consent-draft]").textContent);
    const tell = (text, isError) => {
      status.textContent = text;
      status.dataset.state = isError ? "error" : "ok";
    };
    let body = null; // signed once; sent again as it is if the answer was lost

    button.hidden = false;
    button.disabled = false;
    if (!globalThis.crypto || !globalThis.crypto.subtle) {
      button.disabled = true;
      tell(say(lang, "insecure"), true);
      return;
    }

    async function submit() {
      if (!shows(root.querySelector("[data-consent-text]").textContent, draft.statement.text)) {
        tell(say(lang, "mismatch"), true);
        return false;
      }
      tell(say(lang, "working"), false);
      body = body || JSON.stringify(await sign(draft));
      let answer;
      try {
        answer = await fetch(root.dataset.post, {
          method: "POST",
          credentials: "same-origin",
          headers: { "Content-Type": "application/json", Accept: "application/json, application/problem+json" },
          body,
        });
      } catch {
        tell(say(lang, "network"), true);
        return true;
      }
      if (answer.ok) {
        tell(say(lang, "done"), false);
        window.location.assign(root.dataset.done);
        return false;
      }
      const problem = await answer.json().catch(() => ({}));
      tell(answer.status >= 500 ? say(lang, "network") : problemText(lang, answer.status, problem), true);
      return answer.status >= 500;
    }

    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        button.disabled = !(await submit());
      } catch {
        tell(say(lang, "failed"), true);
      }
    });
  }

  if (typeof document !== "undefined") {
    for (const root of document.querySelectorAll("[data-consent-sign]")) {
      start(root);
    }
  }
  if (typeof module !== "undefined") {
    module.exports = { canonical, commitmentInput, grantMessage, withdrawalMessage, problemText, shows, sign };
  }
})();
