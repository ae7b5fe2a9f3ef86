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
	const hang = () => {
		onCall();
		return never();
	};
	return replacing(target, method, hang as T[keyof T]);
}

/** An archive whose staged jobs are like that, with all the methods. */
export function hangingStages(
	archive: Archive,
	methods: readonly ("append" | "give" | "seal")[],
	onCall: () => void,
): Archive {
	return replacing(archive, "stage", async (key) =>
		methods.reduce(
			(staged, method) => hanging(staged, method, onCall),
			await archive.stage(key),
		),
	);
}

/** `target` with `replacement` in place of `method`. */
export function replacing<T extends object, M extends keyof T>(
	target: T,
	method: M,
	replacement: T[M],
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
