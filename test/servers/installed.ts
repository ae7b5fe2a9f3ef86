import { spawnSync } from "node:child_process";

/**
 * For tests that need a real server: skips the test where the server is not installed, and says how to get it. Where `CI`
 * is set it fails instead, so that nobody takes for tested what was not.
 *
 * @param command - Answers to `--version`.
 * @param package_ - What installs it on Debian.
 */
export function needInstalled(
	test: Mocha.Context,
	command: string,
	package_: string,
): void {
	if (spawnSync(command, ["--version"]).error === undefined) return;
	const advice = `${command} is not installed; to run it on Debian: apt-get install --no-install-recommends ${package_}, then npm test`;
	if (process.env.CI) throw new Error(advice);
	console.log(`      skipped: ${advice}`);
	test.skip();
}
