import { spawnSync } from "node:child_process";

/**
 * Mounts something at `path`, where the system lets this user do so.
 *
 * @param options - As `mount` takes them: `["-t", "tmpfs", "-o", "size=1m", "tmpfs"]`.
 * @returns what unmounts it again, or undefined, having said on standard error what is left untested.
 */
export function tryMount(
	options: readonly string[],
	path: string,
): (() => void) | undefined {
	const { status } = spawnSync("mount", [...options, path]);
	if (status === 0) return () => spawnSync("umount", ["-l", path]);
	console.warn(
		`      mounting is not allowed here: mount ${options.join(" ")} was not tried out`,
	);
	return undefined;
}
