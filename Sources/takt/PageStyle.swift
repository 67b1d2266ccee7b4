// How the page looks: light and dark, from 320 pixels up, legible from a metre away.

enum PageStyle {
  static let text = """
    :root {
      --paper: #f5f6f7; --card: #fff; --ink: #1b1f23; --dim: #5c6670; --rule: #d9dde1;
      --run: #2f8f4e; --slow: #7aa83c; --stop: #c8372d; --fault: #8e1b14; --short: #d9822b;
      --blocked: #b07d12; --starved: #8a6d3b; --change: #3d6fb4; --planned: #7d8790;
      --lost: #a04bb0; --unknown: #b9c0c7;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #14181c; --card: #1e2429; --ink: #e8ecef; --dim: #9aa5af; --rule: #333c44;
      }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0; background: var(--paper); color: var(--ink);
      font: 16px/1.4 system-ui, "Segoe UI", Roboto, sans-serif;
    }
    header, main, footer { max-width: 1400px; margin: 0 auto; padding: 0 16px; }
    header { padding-top: 12px; }
    h1 { font-size: 1.4rem; margin: 0; }
    h2 { font-size: 1.05rem; margin: 24px 0 8px; }
    small, footer, #facts { color: var(--dim); font-weight: normal; }
    #facts { margin: 0; }
    #alarm:not(:empty) {
      margin: 8px 0 0; padding: 8px 12px; border-radius: 6px; background: var(--stop);
      color: #fff; font-weight: 600;
    }
    #machines {
      display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(250px, 1fr));
    }
    .card {
      background: var(--card); border: 1px solid var(--rule); border-left: 8px solid
      var(--unknown); border-radius: 6px; padding: 10px 12px; min-width: 0;
    }
    .card h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
    .card .state { font-size: 1.25rem; font-weight: 600; }
    .card .age { color: var(--dim); font-weight: normal; font-size: 1rem; }
    .card p { margin: 4px 0 0; overflow-wrap: anywhere; }
    .card dl {
      display: grid; grid-template-columns: repeat(3, 1fr); gap: 4px; margin: 8px 0 0;
    }
    .card dt { color: var(--dim); font-size: .8rem; }
    .card dd { margin: 0; font-variant-numeric: tabular-nums; font-weight: 600; }
    .running { --c: var(--run); } .slow { --c: var(--slow); } .stopped { --c: var(--stop); }
    .shortStop { --c: var(--short); } .fault { --c: var(--fault); }
    .blocked { --c: var(--blocked); } .starved { --c: var(--starved); }
    .changeover { --c: var(--change); } .planned { --c: var(--planned); }
    .noContact { --c: var(--lost); } .unknown { --c: var(--unknown); }
    .card { border-left-color: var(--c); }
    .row { display: grid; grid-template-columns: minmax(70px, 140px) 1fr; gap: 8px; }
    .row + .row { margin-top: 6px; }
    .row > span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .lane {
      position: relative; height: 22px; background: var(--card); border: 1px solid var(--rule);
      border-radius: 3px; overflow: hidden;
    }
    .lane i { position: absolute; top: 0; bottom: 0; background: var(--c); min-width: 1px; }
    #legend { display: flex; flex-wrap: wrap; gap: 4px 14px; color: var(--dim); font-size: .85rem; }
    #legend i, .bar i { display: inline-block; background: var(--c, var(--stop)); }
    #legend i { width: 12px; height: 12px; border-radius: 2px; margin-right: 5px; }
    .bar { display: grid; grid-template-columns: 1fr auto; gap: 0 10px; margin-bottom: 8px; }
    .bar b { font-weight: 500; overflow-wrap: anywhere; }
    .bar span { font-variant-numeric: tabular-nums; white-space: nowrap; }
    .bar div { grid-column: 1 / -1; height: 10px; background: var(--rule); border-radius: 3px; }
    .bar i { display: block; height: 10px; border-radius: 3px; min-width: 2px; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; background: var(--card); }
    th, td { text-align: left; padding: 6px 10px; border-bottom: 1px solid var(--rule); }
    th { color: var(--dim); font-weight: normal; font-size: .85rem; }
    td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    .bad { color: var(--stop); font-weight: 600; }
    ul { list-style: none; margin: 0; padding: 0; }
    #waiting li {
      display: flex; flex-wrap: wrap; gap: 8px; align-items: center; background: var(--card);
      border: 1px solid var(--rule); border-radius: 6px; padding: 8px 12px; margin-bottom: 8px;
    }
    #waiting li span { flex: 1 1 200px; }
    select, button {
      font: inherit; min-height: 44px; padding: 0 12px; border-radius: 6px; max-width: 100%;
      border: 1px solid var(--rule); background: var(--paper); color: var(--ink);
    }
    button { background: var(--change); color: #fff; border: 0; }
    footer { padding: 24px 16px; font-size: .85rem; }
    @media (max-width: 480px) { .card dd { font-size: .95rem; } }
    """ + "\n"
}
