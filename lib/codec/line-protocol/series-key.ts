/** What a line says of its series. */
export interface SeriesKey {
	/** The measurement's name. */
	metric: string;
	tags: ReadonlyMap<string, string>;
}

/**
 * Reads `name,tag=value,tag=value`, in which a backslash keeps a comma, an equals sign or a space from ending anything.
 * A tag that comes twice has its last value.
 *
 * @returns the key, or what is wrong with the text.
 */
export function parseSeriesKey(text: string): SeriesKey | string {
	const [name, ...parts] = splitUnescaped(text, ",");
	if (name === "") return "the metric has no name";
	const tags = new Map<string, string>();
	for (const part of parts) {
		const [tag, value, ...more] = splitUnescaped(part, "=");
		if (tag === "" || value === undefined || value === "" || more.length > 0)
			return `${JSON.stringify(part)} is not a tag with its value`;
		tags.set(unescaped(tag), unescaped(value));
	}
	return { metric: unescaped(name), tags };
}

function splitUnescaped(text: string, separator: string): string[] {
	if (!text.includes("\\")) return text.split(separator);
	const parts: string[] = [];
	let start = 0;
	for (let at = 0; at < text.length; at++) {
		if (text[at] === "\\" && isEscapable(text[at + 1])) at++;
		else if (text[at] === separator) {
			parts.push(text.slice(start, at));
			start = at + 1;
		}
	}
	parts.push(text.slice(start));
	return parts;
}

function unescaped(text: string): string {
	return text.includes("\\") ? text.replace(/\\([,= ])/g, "$1") : text;
}

function isEscapable(character: string | undefined): boolean {
	return character === "," || character === "=" || character === " ";
}
