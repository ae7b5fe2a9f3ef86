const ENTITIES: Record<string, string> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
	"'": "&#39;",
};

/** Markup, as against text that has to be escaped before it is some. */
export class Html {
	readonly markup: string;

	constructor(markup: string) {
		this.markup = markup;
	}
}

type Part = Html | string | number | undefined | readonly Part[];

/**
 * Markup with values in it. Texts are escaped, so that whatever an archive's names hold is shown and not obeyed; lists
 * follow each other, and undefined is nothing.
 */
export function html(fixed: TemplateStringsArray, ...values: Part[]): Html {
	const parts = fixed.map((text, i) =>
		i < values.length ? text + markupOf(values[i]) : text,
	);
	return new Html(parts.join(""));
}

/** JSON that may stand in a script element: nothing in it ends that. */
export function jsonInScript(value: unknown): Html {
	return new Html(JSON.stringify(value).replaceAll("<", "\\u003c"));
}

function markupOf(part: Part): string {
	if (part === undefined) return "";
	if (part instanceof Html) return part.markup;
	if (Array.isArray(part)) return part.map(markupOf).join("");
	return String(part).replaceAll(/[&<>"']/g, (special) => ENTITIES[special]);
}
