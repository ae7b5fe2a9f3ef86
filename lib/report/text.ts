const SECONDS_PER = [
	["d", 86_400],
	["h", 3600],
	["min", 60],
	["s", 1],
] as const;

/** `1,234,567` */
export function formatCount(count: number): string {
	return count.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** `1 d 2 h`: the two largest units that are not zero. */
export function formatDuration(seconds: number): string {
	const parts: string[] = [];
	let rest = Math.round(seconds);
	for (const [unit, size] of SECONDS_PER) {
		const count = Math.floor(rest / size);
		if (count > 0) parts.push(`${count} ${unit}`);
		rest -= count * size;
	}
	return parts.length === 0 ? "0 s" : parts.slice(0, 2).join(" ");
}

/** Unix seconds as `2020-12-25T19:04:36Z`. */
export function formatTime(unixSeconds: number): string {
	const date = new Date(unixSeconds * 1000);
	return Number.isNaN(date.getTime())
		? String(unixSeconds)
		: date.toISOString().replace(".000Z", "Z");
}

/** A measured value in at most five digits; a dash where there is none. */
export function formatValue(value: number): string {
	return Number.isNaN(value) ? "-" : String(Number(value.toPrecision(5)));
}
