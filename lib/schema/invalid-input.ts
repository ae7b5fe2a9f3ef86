import { ArchiverError } from "../errors.js";

const LONGEST_SHOWN = 80;

/**
 * The INVALID_INPUT error for one value: the message and details name the field, what it had to be and what was received.
 *
 * @param field - Path of the field, e.g. `resources.0.hostname`.
 * @param expected - What the value had to be, as a noun: `a non-empty string`.
 */
export function invalidInput(
	field: string,
	expected: string,
	received: unknown,
): ArchiverError {
	return new ArchiverError(
		"INVALID_INPUT",
		`${field}: expected ${expected}, received ${describeValue(received)}`,
		{ field, received: reportable(received) },
	);
}

/** A value as a message shows it: at most about 80 characters, and whole lists and objects only by their kind. */
export function describeValue(value: unknown): string {
	switch (typeof value) {
		case "string":
			return JSON.stringify(shortened(value));
		case "bigint":
			return shortened(`${value}n`);
		case "function":
			return "a function";
		case "object":
			if (value === null) return "null";
			if (Array.isArray(value)) return `a list of ${value.length}`;
			return "an object";
		default:
			return Object.is(value, -0) ? "-0" : shortened(String(value));
	}
}

/**
 * A value as an error's details carry it: small, and able to cross a thread.
 * Primitives stay what they are (long strings shortened), anything else becomes its description.
 */
export function reportable(value: unknown): unknown {
	if (typeof value === "string") return shortened(value);
	const whole =
		value === null || ["undefined", "number", "boolean"].includes(typeof value);
	return whole ? value : describeValue(value);
}

function shortened(text: string): string {
	return text.length <= LONGEST_SHOWN
		? text
		: `${text.slice(0, LONGEST_SHOWN)}… (${text.length} characters)`;
}
