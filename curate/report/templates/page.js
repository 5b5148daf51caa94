"use strict";
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const canvas = document.getElementById("map");
  if (canvas) {
    const points = JSON.parse(document.getElementById("points").textContent);
    const told = document.getElementById("spot");
    const hint = told.textContent;
    const pen = canvas.getContext("2d");
    let at = -1;
    const place = (p) => [12 + (p[0] / 1000) * (canvas.clientWidth - 24), 12 + (1 - p[1] / 1000) * (canvas.clientHeight - 24)];

    const draw = () => {
      const scale = window.devicePixelRatio || 1;
      canvas.width = canvas.clientWidth * scale;
      canvas.height = canvas.clientHeight * scale;
      pen.setTransform(scale, 0, 0, scale, 0, 0);
      pen.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
      const small = canvas.clientWidth < 480 ? 0.75 : 1;
      for (const p of points) {
        const [x, y] = place(p);
        if (p[2]) {
          pen.fillStyle = colour("--set");
          pen.globalAlpha = 0.85;
          pen.beginPath();
          pen.moveTo(x, y - 3.6 * small);
          pen.lineTo(x + 3.6 * small, y + 2.8 * small);
          pen.lineTo(x - 3.6 * small, y + 2.8 * small);
          pen.fill();
        } else {
          pen.strokeStyle = colour("--pool");
          pen.globalAlpha = 0.7;
          pen.beginPath();
          pen.arc(x, y, 2 * small, 0, 7);
          pen.stroke();
        }
      }
      pen.globalAlpha = 1;
      if (at >= 0) {
        const [x, y] = place(points[at]);
        pen.strokeStyle = colour("--ink");
        pen.lineWidth = 2;
        pen.beginPath();
        pen.arc(x, y, 8, 0, 7);
        pen.stroke();
        pen.lineWidth = 1;
      }
    };

    const show = (index) => {
      if (index === at) return;
      at = index;
      told.textContent = at < 0 ? hint : points[at][3];
      draw();
    };

    canvas.addEventListener("pointermove", (event) => {
      let best = -1;
      let near = 196;
      points.forEach((p, i) => {
        const [x, y] = place(p);
        const d = (x - event.offsetX) ** 2 + (y - event.offsetY) ** 2;
        if (d < near || (d === near && p[2])) { near = d; best = i; }
      });
      if (best >= 0 || document.activeElement !== canvas) show(best);
    });
    canvas.addEventListener("pointerleave", () => { if (document.activeElement !== canvas) show(-1); });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!step || !points.length) return;
      event.preventDefault();
      const from = at < 0 ? [500, 500] : points[at];
      let best = at < 0 ? points.length - 1 : at;
      let near = Infinity;
      points.forEach((p, i) => {
        const along = (p[0] - from[0]) * step[0] + (p[1] - from[1]) * step[1];
        const aside = Math.abs((p[0] - from[0]) * step[1]) + Math.abs((p[1] - from[1]) * step[0]);
        if (i !== at && along > 0 && along + 2 * aside < near) { near = along + 2 * aside; best = i; }
      });
      show(best);
    });
    new ResizeObserver(draw).observe(canvas);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  }

  const search = document.getElementById("search");
  if (search) {
    const cards = [...document.querySelectorAll(".drawn .card")];
    const found = document.getElementById("found");
    search.addEventListener("input", () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let number = 0;
      for (const card of cards) {
        const text = card.textContent.toLowerCase();
        card.hidden = !words.every((w) => text.includes(w));
        number += card.hidden ? 0 : 1;
      }
      found.textContent = `${number} of ${cards.length} records`;
    });
  }

  window.addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details")) part.open = true;
  });
})();
