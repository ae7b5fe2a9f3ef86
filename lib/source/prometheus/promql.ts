/** Stands in a query for a regular expression that matches the hosts asked for, with or without a port behind them. */
export const HOSTS = "$hosts";
/** Stands in a query for the duration that one sample is to speak for. */
export const WINDOW = "$window";

const PLACEHOLDER = /\$hosts|\$window/g;
const PORT = "(?::[0-9]+)?";
const REGEX_SYNTAX = /[\\^$.*+?()[\]{}|]/g;
/** What ends a string in PromQL, and what cannot stand in one. */
const STRING_SYNTAX = /["'`\p{Cc}]/gu;

/** A metric's name, a list of label matchers, or both, and nothing else. */
const SELECTOR =
	/^\s*(?:[a-zA-Z_:][\w:]*\s*)?(?:\{(?:[^"'{}]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*\})?\s*$/;

/**
 * A query as Prometheus gets it.
 *
 * A selector alone would show each sample again until the next one comes, or for five minutes: in a job's gaps, and in its
 * first timestep what was measured before it began. So a plain selector becomes the last sample within `windowMs`. Any
 * other expression is sent as it is written.
 */
export function expandQuery(
	template: string,
	hostnames: readonly string[],
	windowMs: number,
): string {
	const query = SELECTOR.test(template)
		? `last_over_time(${template.trim()}[${WINDOW}])`
		: template;
	// In one go, since a host may be called like a placeholder.
	return query.replace(PLACEHOLDER, (placeholder) =>
		placeholder === HOSTS ? hostPattern(hostnames) : `${windowMs}ms`,
	);
}

/** A regular expression (RE2) as it is written within a string of PromQL, in double or single quotes. */
function hostPattern(hostnames: readonly string[]): string {
	const pattern = `(?:${hostnames.map(escapeHost).join("|")})${PORT}`;
	return pattern.replaceAll("\\", "\\\\");
}

function escapeHost(hostname: string): string {
	return hostname
		.replace(REGEX_SYNTAX, "\\$&")
		.replace(STRING_SYNTAX, (character) => {
			const code = character.charCodeAt(0).toString(16).padStart(2, "0");
			return `\\x${code}`;
		});
}
