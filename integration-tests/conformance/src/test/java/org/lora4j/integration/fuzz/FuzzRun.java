/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Runs Jazzer on every target, one after the other, each in a JVM of its own with a small heap.
 *
 * <p>Arguments: the folder of seeds, the folder for what is found, seconds for each target, and names of targets, by commas or
 * alone, if not all are wanted. Ends with status 1 if anything was found.
 */
public final class FuzzRun {

    private static final String FUZZER = "com.code_intelligence.jazzer.Jazzer";

    private static final String INSTRUMENTED = "org.lora4j.**:com.fasterxml.jackson.core.**:org.snakeyaml.engine.**";

    private FuzzRun() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path seeds = Path.of(arguments[0]);
        Path output = Path.of(arguments[1]);
        List<String> wanted = List.of(arguments).subList(3, arguments.length).stream()
                .flatMap(names -> Arrays.stream(names.split(",")))
                .toList();
        boolean found = false;
        for (FuzzTarget target : FuzzTarget.values()) {
            String name = target.name().toLowerCase(Locale.ROOT);
            if (wanted.isEmpty() || wanted.contains(name)) {
                int status = run(target, seeds.resolve(name), output.resolve(name), arguments[2]);
                System.out.println("fuzz " + name + ": " + (status == 0 ? "nothing found" : "FOUND, status " + status));
                found |= status != 0;
            }
        }
        System.exit(found ? 1 : 0);
    }

    private static int run(FuzzTarget target, Path seeds, Path output, String seconds)
            throws IOException, InterruptedException {
        Path corpus = Files.createDirectories(output.resolve("corpus"));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx400m",
                "-Dorg.bytedeco.javacpp.maxbytes=1G",
                "-Dorg.bytedeco.javacpp.maxphysicalbytes=4G",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                "-Djdk.attach.allowAttachSelf=true",
                "-D" + FuzzEntry.TARGET + "=" + target,
                "-D" + FuzzEntry.SEEDS + "=" + seeds,
                "-cp",
                System.getProperty("java.class.path"),
                FUZZER,
                "--target_class=" + FuzzEntry.class.getName(),
                // Our code and the JSON parser below it give the fuzzer its bearings; ND4J takes half a minute to
                // change.
                "--instrumentation_includes=" + INSTRUMENTED,
                "--custom_hook_includes=" + INSTRUMENTED,
                // Expressions of a config are expressions by PEFT's rules; what they may cost is bounded by the
                // library.
                "--disabled_hooks=com.code_intelligence.jazzer.sanitizers.RegexInjection",
                "--reproducer_path=" + output,
                "-artifact_prefix=" + output + "/",
                "-max_total_time=" + seconds,
                "-max_len=16384",
                "-timeout=20",
                "-rss_limit_mb=4096",
                "-print_final_stats=1",
                corpus.toString(),
                seeds.toString()));
        ProcessBuilder child = new ProcessBuilder(command).redirectErrorStream(true);
        child.environment().put("OMP_NUM_THREADS", "1");
        Path log = output.resolve("log.txt");
        return child.redirectOutput(log.toFile()).start().waitFor();
    }
}
