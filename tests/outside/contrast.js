(least, leastOfLines) => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const scheme = matchMedia("(prefers-color-scheme: dark)").matches;
  const paint = (colour, opacity = 1) => {
    canvas.globalAlpha = opacity;
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
  };
  const painted = () => [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  const luminance = (pixel) => {
    const [r, g, b] = pixel.map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ancestors = (element) => (element ? [...ancestors(element.parentElement), element] : []);
  const below = (element) => {
    const box = element.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const holds = (rect) => {
      const other = rect.getBoundingClientRect();
      return other.left <= x && x <= other.right && other.top <= y && y <= other.bottom;
    };
    const rects = [...(element.closest("svg")?.querySelectorAll("rect") ?? [])];
    return rects.filter((rect) => holds(rect) && rect.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING);
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const style = getComputedStyle(element);
    if (!walker.currentNode.data.trim() || !element.getClientRects().length || style.visibility === "hidden" || element.closest("script, style")) continue;
    paint(scheme ? "#121212" : "#ffffff");
    const line = ancestors(element);
    line.forEach((one) => paint(getComputedStyle(one).backgroundColor));
    const isSvg = element instanceof SVGElement;
    if (isSvg) below(element).forEach((rect) => { const s = getComputedStyle(rect); if (s.fill !== "none") paint(s.fill, s.fillOpacity * s.opacity); });
    const ground = luminance(painted());
    paint(isSvg ? style.fill : style.color, line.reduce((opacity, one) => opacity * getComputedStyle(one).opacity, isSvg ? Number(style.fillOpacity) : 1));
    const text = luminance(painted());
    const contrast = (Math.max(ground, text) + 0.05) / (Math.min(ground, text) + 0.05);
    if (contrast < least) faint.push(`${contrast.toFixed(2)} ${walker.currentNode.data.trim().slice(0, 60)}`);
  }
  // Lines and dots of charts on the page itself, but for those that are faint on purpose.
  for (const path of document.querySelectorAll(".series path, .mark path, .legend path")) {
    const style = getComputedStyle(path);
    if (style.stroke === "none" || path.getAttribute("stroke") === "Canvas" || Number(style.strokeOpacity) < 1) continue;
    paint(scheme ? "#121212" : "#ffffff");
    const ground = luminance(painted());
    paint(style.stroke);
    const line = luminance(painted());
    const contrast = (Math.max(ground, line) + 0.05) / (Math.min(ground, line) + 0.05);
    if (contrast < leastOfLines) faint.push(`${contrast.toFixed(2)} ${style.stroke}`);
  }
  return faint.join("\n");
}
