import type { Archive } from "../../lib/index.js";

export const never = () => new Promise<never>(() => {});

/**
 * `target`, except that calls of `method` are never answered.
 *
 * @param onCall - Told of each.
 */
export function hanging<T extends object>(
	target: T,
	method: keyof T,
	onCall: () => void,
): T {
	return replacing(target, method, () => {
		onCall();
		return never();
	});
}

/** An archive whose staged jobs are like that. */
export function hangingStages(
	archive: Archive,
	method: "append" | "seal",
	onCall: () => void,
): Archive {
	return replacing(archive, "stage", async (...args: unknown[]) =>
		hanging(
			await archive.stage(...(args as Parameters<Archive["stage"]>)),
			method,
			onCall,
		),
	);
}

function replacing<T extends object>(
	target: T,
	method: keyof T,
	replacement: (...args: unknown[]) => unknown,
): T {
	return new Proxy(target, {
		get(_, name) {
			if (name === method) return replacement;
			const value = Reflect.get(target, name);
			// Classes with private fields know only themselves.
			return typeof value === "function" ? value.bind(target) : value;
		},
	});
}
