// What fills the page: asks for /status.json every two seconds while somebody looks.
//
// Invariants
// - Texts of machines and devices are set as text, never as markup.
// - A hidden page asks for nothing. When the gateway does not answer, the page says since when.

enum PageScript {
  static let text = #"""
    "use strict";
    const $ = id => document.getElementById(id);
    const words = {
      running: "running", slow: "slow", stopped: "stopped", shortStop: "short stop",
      fault: "fault", blocked: "blocked", starved: "starved", changeover: "changeover",
      planned: "planned stop", noContact: "no contact", unknown: "unknown",
    };
    function make(tag, className, ...children) {
      const element = document.createElement(tag);
      if (className) element.className = className;
      element.append(...children.filter(child => child !== null && child !== undefined));
      return element;
    }
    function age(ms) {
      if (ms === undefined || ms === null) return "";
      const s = Math.max(0, Math.floor(ms / 1000));
      if (s < 60) return s + " s";
      const m = Math.floor(s / 60);
      if (m < 60) return m + " min " + String(s % 60).padStart(2, "0") + " s";
      const h = Math.floor(m / 60);
      if (h < 48) return h + " h " + String(m % 60).padStart(2, "0") + " min";
      return Math.floor(h / 24) + " d " + (h % 24) + " h";
    }
    const number = n => n === undefined ? "" : n.toLocaleString();
    const clock = t => new Date(t).toLocaleTimeString([], {hour: "2-digit", minute: "2-digit"});

    function card(m) {
      const state = make("p", "state", words[m.state] || m.state, " ",
        make("span", "age", age(m.ageMs)));
      const parts = [make("h3", "", m.name), state];
      if (m.stop) parts.push(make("p", "", m.stop.cause));
      if (m.order) {
        const plan = m.order.plannedQuantity === undefined
          ? "" : " of " + number(m.order.plannedQuantity);
        parts.push(make("p", "", "order " + m.order.orderId + ": "
          + number(m.order.goodQuantity) + plan + " " + (m.order.uom || "pieces")));
      }
      for (const limit of m.limits || [])
        parts.push(make("p", "bad", limit.severity + ": " + limit.name));
      const figures = [["good", number(m.goodTotal)], ["scrap", number(m.scrapTotal)]];
      const kpis = m.shift && m.shift.kpis || {};
      if (kpis.oee) figures.push(["OEE of the shift", kpis.oee]);
      else if (kpis.availability) figures.push(["availability", kpis.availability]);
      const list = make("dl", "");
      for (const [name, value] of figures)
        list.append(make("div", "", make("dt", "", name), make("dd", "", value)));
      parts.push(list);
      return make("article", "card " + m.state, ...parts);
    }

    function timeline(machines, now) {
      let from = now - 8 * 3600e3;
      const shifts = machines.map(m => m.shift && m.shift.scope === "shift"
        ? Date.parse(m.shift.from) : NaN).filter(t => t < now);
      if (shifts.length) from = Math.min(...shifts);
      $("span").textContent = (shifts.length ? "this shift, " : "") + "since " + clock(from);
      const seen = new Set();
      $("timeline").replaceChildren(...machines.map(m => {
        const lane = make("div", "lane");
        for (const span of m.story ? m.story.spans : []) {
          const a = Math.max(Date.parse(span.from), from);
          const b = span.to ? Date.parse(span.to) : now;
          if (b <= a) continue;
          const piece = make("i", span.state);
          piece.style.left = (a - from) / (now - from) * 100 + "%";
          piece.style.width = (b - a) / (now - from) * 100 + "%";
          piece.title = (words[span.state] || span.state) + " " + clock(a) + "–" + clock(b)
            + ", " + age(b - a);
          seen.add(span.state);
          lane.append(piece);
        }
        lane.setAttribute("role", "img");
        lane.setAttribute("aria-label", "timeline of " + m.name);
        return make("div", "row", make("span", "", m.name), lane);
      }));
      $("legend").replaceChildren(...[...seen].map(state =>
        make("span", "", make("i", state), words[state] || state)));
    }

    function pareto(machines) {
      const sums = new Map();
      for (const m of machines) for (const stop of m.story ? m.story.pareto : []) {
        const sum = sums.get(stop.text) || {count: 0, ms: 0};
        sum.count += stop.count;
        sum.ms += stop.durationMs;
        sums.set(stop.text, sum);
      }
      const rows = [...sums].sort((a, b) => b[1].ms - a[1].ms).slice(0, 12);
      const most = rows.length ? rows[0][1].ms : 1;
      $("pareto").replaceChildren(...rows.map(([text, sum]) => {
        const fill = make("i", "");
        fill.style.width = Math.max(0.5, sum.ms / Math.max(1, most) * 100) + "%";
        return make("div", "bar", make("b", "", text),
          make("span", "", age(sum.ms) + " in " + sum.count), make("div", "", fill));
      }));
      if (!rows.length) $("pareto").textContent = "No stop since the gateway was started.";
    }

    function table(id, heads, rows) {
      const cell = (tag, value) => {
        const [text, className] = Array.isArray(value) ? value : [value, ""];
        return make(tag, className, String(text ?? ""));
      };
      $(id).replaceChildren(
        make("thead", "", make("tr", "", ...heads.map(head => cell("th", head)))),
        make("tbody", "", ...rows.map(row => make("tr", "", ...row.map(value =>
          cell("td", value))))));
    }

    function links(status) {
      table("uplinks",
        ["name", "state", ["waiting", "n"], ["oldest", "n"], ["delivered", "n"], "last error"],
        status.uplinks.map(u => [u.name, u.state, [number(u.depth), "n"],
          [u.depth ? age(u.oldestMs) : "", "n"], [number(u.delivered), "n"],
          [[...(u.conditions || []), u.state === "ready" || u.state === "sending"
            ? "" : u.lastError || ""].filter(text => text).join("; "), "bad"]]));
      const rows = [];
      for (const bus of status.buses) for (const unit of bus.units.length ? bus.units : [{}])
        rows.push([bus.name, [bus.link, bus.link === "up" ? "" : "bad"], unit.name,
          [unit.contact, unit.contact === "good" ? "" : "bad"],
          [unit.answers ? (unit.answers.p50Us / 1000).toFixed(1) + " / "
            + (unit.answers.p99Us / 1000).toFixed(1) : "", "n"],
          [number(unit.timeouts), "n"], [number(unit.refused), "n"]]);
      table("buses", ["bus", "link", "unit", "contact", ["p50 / p99 ms", "n"],
        ["timeouts", "n"], ["refused", "n"]], rows);
    }

    let reasons = null;
    let choosing = false;
    async function waiting(status) {
      const stops = status.machines.filter(m => m.stop && !m.stop.classified);
      $("s-waiting").hidden = !stops.length;
      if (choosing || !stops.length) return;
      const isOperator = status.you.role === "operator";
      if (isOperator && !reasons) reasons = (await ask("/reasons.json")).reasons;
      $("waiting").replaceChildren(...stops.map(m => {
        const item = make("li", "", make("span", "", m.name + ", since "
          + clock(m.stop.startedAt) + ": " + m.stop.cause));
        if (isOperator) item.append(...chooser(m));
        return item;
      }));
    }

    function chooser(machine) {
      const select = make("select", "");
      select.setAttribute("aria-label", "reason for " + machine.name);
      select.append(make("option", "", "why?"));
      for (const reason of reasons) {
        if (reason.machines && !reason.machines.includes(machine.name)) continue;
        const option = make("option", "", reason.text);
        option.value = reason.code;
        select.append(option);
      }
      const button = make("button", "", "save");
      select.onfocus = () => { choosing = true; };
      select.onblur = () => { choosing = false; };
      button.onclick = async () => {
        if (select.selectedIndex < 1) return;
        button.disabled = true;
        button.textContent = await classify(machine.stop.stopId, select.value);
        choosing = false;
      };
      return [select, button];
    }

    async function classify(stop, reason) {
      const answer = await fetch("/classify", {
        method: "POST", headers: {"Content-Type": "application/json", "X-Takt": "page"},
        body: JSON.stringify({stop, reason}),
      });
      if (answer.status !== 202) return (await answer.text()).slice(0, 120);
      const ticket = (await answer.json()).ticket;
      for (let turn = 0; turn < 20; turn++) {
        const outcome = await ask("/outcome/" + ticket);
        if (outcome.state === "done") return outcome.sentence;
        if (outcome.error) return outcome.error;
        await new Promise(resolve => setTimeout(resolve, 250));
      }
      return "not yet saved: the journal is slow";
    }

    async function ask(path) {
      const answer = await fetch(path, {cache: "no-store"});
      if (!answer.ok) throw new Error(await answer.text());
      return answer.json();
    }

    let heardAt = null;
    async function turn() {
      if (document.hidden) return;
      try {
        const status = await ask("/status.json");
        heardAt = Date.now();
        const now = Date.parse(status.clock.wall);
        $("gateway").textContent = status.gateway;
        document.title = status.gateway + " – Takt";
        $("facts").textContent = [clock(now), "takt " + status.version,
          status.you.name ? status.you.name + " (" + status.you.role + ")" : "",
        ].filter(text => text).join(" · ");
        const troubles = [];
        if (status.journal.fault) troubles.push(status.journal.fault);
        if (status.clock.quality === "neverset") troubles.push("the clock has not been set");
        $("alarm").textContent = troubles.join("; ");
        $("machines").replaceChildren(...status.machines.map(card));
        timeline(status.machines, now);
        pareto(status.machines);
        links(status);
        await waiting(status);
        $("footer").textContent = number(status.journal.sequence) + " events committed, "
          + number(status.journal.held) + " in the journal; the timeline begins "
          + new Date(status.storySince).toLocaleString();
        document.body.dataset.ready = "yes";
      } catch (fault) {
        $("alarm").textContent = "the gateway does not answer"
          + (heardAt ? " since " + new Date(heardAt).toLocaleTimeString() : "")
          + ": " + fault.message;
      }
    }
    document.addEventListener("visibilitychange", turn);
    turn();
    setInterval(turn, 2000);
    """# + "\n"
}
