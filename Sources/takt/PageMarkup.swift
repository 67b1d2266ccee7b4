// The page itself: a frame that its script fills. No asset from elsewhere.

enum PageMarkup {
  static let text = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Takt</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/page.css">
    </head>
    <body>
    <header>
      <h1><span id="gateway">Takt</span></h1>
      <p id="facts"></p>
      <p id="alarm" role="status"></p>
    </header>
    <main>
      <section aria-labelledby="h-machines">
        <h2 id="h-machines">Machines</h2>
        <div id="machines"></div>
      </section>
      <section id="s-waiting" aria-labelledby="h-waiting" hidden>
        <h2 id="h-waiting">Stops without a reason</h2>
        <ul id="waiting"></ul>
      </section>
      <section aria-labelledby="h-timeline">
        <h2 id="h-timeline">Timeline <small id="span"></small></h2>
        <div id="timeline"></div>
        <p id="legend"></p>
      </section>
      <section aria-labelledby="h-pareto">
        <h2 id="h-pareto">Stops by reason <small>same time</small></h2>
        <div id="pareto"></div>
      </section>
      <section aria-labelledby="h-uplinks">
        <h2 id="h-uplinks">Uplinks</h2>
        <div class="scroll"><table id="uplinks"></table></div>
      </section>
      <section aria-labelledby="h-buses">
        <h2 id="h-buses">Buses</h2>
        <div class="scroll"><table id="buses"></table></div>
      </section>
    </main>
    <footer id="footer"></footer>
    <noscript>This page needs its script; takt status shows the same in a terminal.</noscript>
    <script src="/page.js"></script>
    </body>
    </html>
    """ + "\n"
}
