import type { EventEmitter } from "node:events";
import { readdir } from "node:fs/promises";
import { countListeners } from "./emitters.js";

/** What a process may leak beside memory, by name: how many of it there are. */
export type Resources = Record<string, number>;

/** Things that grew: how many there were at most in the first third, and at least in the last. */
export interface Growth {
	name: string;
	from: number;
	to: number;
}

/** Counts between two mixes, when nothing is under way. */
export async function countResources(
	emitters: readonly WeakRef<EventEmitter>[],
): Promise<Resources> {
	const counts: Resources = {};
	for (const type of process.getActiveResourcesInfo())
		counts[type] = (counts[type] ?? 0) + 1;
	const descriptors = await readdir("/proc/self/fd").catch(() => []);
	// The folder is read through one that is closed again.
	if (descriptors.length > 0) counts["open files"] = descriptors.length - 1;
	counts["listeners on long-lived emitters"] = countListeners(emitters);
	return counts;
}

/**
 * What there was more of all through the last third than at any time in the first. A leak grows past that sooner or later,
 * however slowly; what comes and goes does not.
 */
export function grownResources(looks: readonly Resources[]): Growth[] {
	const third = Math.ceil(looks.length / 3);
	const first = looks.slice(0, third);
	const last = looks.slice(-third);
	const names = new Set(last.flatMap((look) => Object.keys(look)));
	return [...names].flatMap((name) => {
		const from = Math.max(...first.map((look) => look[name] ?? 0));
		const to = Math.min(...last.map((look) => look[name] ?? 0));
		return to > from ? [{ name, from, to }] : [];
	});
}
