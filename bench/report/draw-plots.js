/** Draws the plots that the page holds as JSON. Runs in the browser, after uPlot. */
(() => {
	const { uPlot } = window;
	const COLOURS = [
		"#2f6fde",
		"#e0662b",
		"#1f9d78",
		"#a45bd0",
		"#c9971a",
		"#d0487f",
		"#5aa5d8",
		"#8a8f3c",
	];
	const BAND_ALPHA = "2e";
	const HEIGHT = 270;
	const WIDE_HEIGHT = 430;
	const plots = JSON.parse(document.getElementById("plots").textContent);

	for (const place of document.querySelectorAll(".plot")) {
		const plot = plots[Number(place.dataset.plot)];
		const size = () => ({
			width: place.clientWidth,
			height: plot.wide ? WIDE_HEIGHT : HEIGHT,
		});
		const options = { ...size(), ...optionsOf(plot) };
		const drawn = new uPlot(options, dataOf(plot), place);
		new ResizeObserver(() => drawn.setSize(size())).observe(place);
	}

	/** Behind each series' own values come its lowest and highest, where it has any. */
	function dataOf({ xs, series }) {
		return [
			xs,
			...series.map(({ values }) => values),
			...series.flatMap(({ low, high }) => (low ? [low, high] : [])),
		];
	}

	function optionsOf({ x, y, xs, series, names }) {
		const bands = [];
		const edges = series.flatMap(({ low }, i) => {
			if (!low) return [];
			const lowAt = series.length + 1 + 2 * bands.length;
			bands.push({
				series: [lowAt + 1, lowAt],
				fill: colour(i) + BAND_ALPHA,
			});
			return [edge(), edge()];
		});
		return {
			scales: { x: scaleOf(x, xs), y: scaleOf(y) },
			axes: [axisOf(x, true), axisOf(y, false)],
			series: [
				{ label: x.label, value: (_, value) => textOf(x, value) },
				...series.map((it, i) => seriesOf(it, colour(i), y)),
				...edges,
			],
			bands,
			legend: { markers: { width: 3 } },
			cursor: { points: { size: 7 }, drag: { x: false, y: false } },
			hooks: {
				drawAxes: [(drawn) => names && joinNamesakes(drawn, names)],
				draw: [(drawn) => names && nameThePoints(drawn, names)],
			},
		};
	}

	function scaleOf({ log, ticks, fromZero }, xs) {
		if (log)
			return { time: false, distr: 3, ...(xs && { range: aLittleMore }) };
		if (ticks && xs) {
			const margin = 0.04 * Math.max(1, xs.at(-1) - xs[0]);
			return { time: false, range: [xs[0] - margin, xs.at(-1) + margin] };
		}
		return {
			time: false,
			...(fromZero && { range: (_, __, max) => [0, 1.08 * max] }),
		};
	}

	/** Whole powers of ten could leave half of the plot empty. */
	function aLittleMore(_, min, max) {
		return [min / 1.3, max * 1.3];
	}

	function axisOf(axis, isX) {
		return {
			label: axis.label,
			labelSize: 18,
			labelFont: "12px system-ui",
			font: "12px system-ui",
			size: isX ? 34 : 62,
			stroke: () => cssColour("--quiet"),
			grid: { stroke: () => cssColour("--grid"), width: 1 },
			ticks: { stroke: () => cssColour("--line"), width: 1, size: 4 },
			...(axis.ticks && { splits: () => axis.ticks.map(({ value }) => value) }),
			values: (_, values) =>
				values.map((value) => (value === null ? null : textOf(axis, value))),
		};
	}

	function seriesOf({ label, kind = "line" }, stroke, y) {
		return {
			label,
			stroke,
			width: 2,
			...(kind === "dashed" && { dash: [6, 5], points: { show: false } }),
			...(kind === "points" && {
				paths: () => null,
				points: { show: true, size: 8, fill: stroke },
			}),
			value: (_, value) => textOf(y, value),
		};
	}

	/** The edge of a band: not drawn, and not in the legend. */
	function edge() {
		return { class: "edge", width: 0, points: { show: false } };
	}

	/** A thin line from point to point of one name. */
	function joinNamesakes(drawn, names) {
		const { ctx } = drawn;
		ctx.save();
		ctx.strokeStyle = cssColour("--line");
		ctx.lineWidth = devicePixelRatio;
		for (const points of pointsByName(drawn, names).values()) {
			ctx.beginPath();
			for (const { left, top } of points) ctx.lineTo(left, top);
			ctx.stroke();
		}
		ctx.restore();
	}

	/** Writes each name beside its first point, further down where another one stands in the way. */
	function nameThePoints(drawn, names) {
		const { ctx } = drawn;
		const lineHeight = 13 * devicePixelRatio;
		const taken = [];
		ctx.save();
		ctx.font = `${11 * devicePixelRatio}px system-ui`;
		ctx.fillStyle = cssColour("--quiet");
		ctx.textAlign = "right";
		for (const [name, [point]] of pointsByName(drawn, names)) {
			const right = point.left - 9 * devicePixelRatio;
			const left = right - ctx.measureText(name).width;
			let top = point.top + 4 * devicePixelRatio;
			const isTaken = (it) =>
				it.left < right &&
				it.right > left &&
				Math.abs(it.top - top) < lineHeight;
			while (taken.some(isTaken)) top += lineHeight / 2;
			taken.push({ left, right, top });
			ctx.fillText(name, right, top);
		}
		ctx.restore();
	}

	/** Where the points of each name are, from left to right. */
	function pointsByName(drawn, names) {
		const [xs, ...series] = drawn.data;
		const points = new Map();
		names.forEach((name, at) => {
			const value = series.map((ys) => ys[at]).find((it) => it !== null);
			const point = {
				left: drawn.valToPos(xs[at], "x", true),
				top: drawn.valToPos(value, "y", true),
			};
			points.set(name, [...(points.get(name) ?? []), point]);
		});
		return points;
	}

	function textOf({ ticks, unit }, value) {
		if (value === null || value === undefined) return "–";
		const named = ticks?.find((tick) => tick.value === value);
		if (ticks) return named?.label ?? "";
		if (unit === "bytes") return `${short(value / 2 ** 20)} MiB`;
		return unit === "ms" ? `${short(value)} ms` : short(value);
	}

	function short(value) {
		if (value >= 1e6) return `${trimmed(value / 1e6)}M`;
		if (value >= 1e3) return `${trimmed(value / 1e3)}k`;
		return trimmed(value);
	}

	function trimmed(value) {
		return String(Number(value.toPrecision(3)));
	}

	function colour(i) {
		return COLOURS[i % COLOURS.length];
	}

	function cssColour(name) {
		return getComputedStyle(document.documentElement).getPropertyValue(name);
	}
})();
