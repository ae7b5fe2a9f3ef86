import { realpath } from "node:fs/promises";
import type { Archive } from "./archive.js";

const PATH = /^(file|sqlite):(.*)$/s;

/** Whether two archives are one and the same: what is moved from the one to the other would be gone. */
export async function isSamePlace(a: Archive, b: Archive): Promise<boolean> {
	return a === b || (await placeOf(a)) === (await placeOf(b));
}

/** Where an archive lies, whatever the links and the working directory that it was opened through. */
async function placeOf({ target }: Archive): Promise<string> {
	const [, kind, path] = PATH.exec(target) ?? [];
	return path === undefined ? target : `${kind}:${await realpath(path)}`;
}
