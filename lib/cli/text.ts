export {
	formatCount,
	formatDuration,
	formatTime,
	formatValue,
} from "../report/text.js";

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/**
 * Text that comes from an archive or database, made fit for a terminal: host, metric and job names are data, and a
 * control character in one must not move the cursor, nor one of Unicode's invisible ones turn the line around.
 */
export function plainText(text: string): string {
	return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\ufffd");
}

/** `1.23 MB`, by powers of a thousand. */
export function formatBytes(bytes: number): string {
	let value = bytes;
	let unit = 0;
	while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
		value /= 1000;
		unit++;
	}
	return `${unit === 0 ? value : value.toPrecision(3)} ${BYTE_UNITS[unit]}`;
}
