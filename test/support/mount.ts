import { spawnSync } from "node:child_process";

/**
 * Mounts something at `path`, where the system lets this user do so.
 *
 * @param options - As `mount` takes them: `["-t", "tmpfs", "-o", "size=1m", "tmpfs"]`.
 * @returns what unmounts it again, or undefined, having said on standard output what is left untested, and how to run it.
 */
export function tryMount(
	options: readonly string[],
	path: string,
): (() => void) | undefined {
	const { status } = spawnSync("mount", [...options, path]);
	if (status === 0) return () => spawnSync("umount", ["-l", path]);
	console.log(
		`      skipped: mount ${options.join(" ")} is not allowed here; to run it: npm test as root, or with CAP_SYS_ADMIN`,
	);
	return undefined;
}
