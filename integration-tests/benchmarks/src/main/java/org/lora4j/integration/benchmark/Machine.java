/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import com.sun.jna.NativeLibrary;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

/** What times depend on besides the code: processor, threads, native libraries, versions. */
public final class Machine {

    private static final String UNKNOWN = "unknown";

    /** By ND4J's number. */
    private static final List<String> INSTRUCTION_SETS = List.of("generic", "generic x86", "AVX2", "AVX-512");

    /** On Linux, macOS and Windows. */
    private static final List<String> OPENBLAS_FILES =
            List.of("libopenblas.so.0", "libopenblas.0.dylib", "libopenblas.dll");

    private Machine() {}

    /**
     * Tells.
     *
     * @return facts by name, in the order to show them
     */
    public static Map<String, String> facts() {
        // Makes ND4J load its libraries.
        Nd4j.ones(1).close();
        NativeOps ops = NativeOpsHolder.getInstance().getDeviceNativeOps();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("processor", processor() + ", " + Runtime.getRuntime().availableProcessors() + " available");
        facts.put(
                "threads",
                "ND4J " + ops.ompGetMaxThreads() + ", OpenBLAS "
                        + openBlas(library -> String.valueOf(
                                library.getFunction("openblas_get_num_threads").invokeInt(new Object[0])))
                        + ", OMP_NUM_THREADS=" + System.getenv("OMP_NUM_THREADS") + ", OMP_WAIT_POLICY="
                        + System.getenv("OMP_WAIT_POLICY"));
        facts.put(
                "nd4j-native",
                nativeJars() + ", built for " + instructionSet(ops.binaryLevel()) + " (this processor: "
                        + instructionSet(ops.optimalLevel()) + ")");
        facts.put(
                "OpenBLAS core",
                openBlas(library -> library.getFunction("openblas_get_corename").invokeString(new Object[0], false)));
        facts.put("versions", versions());
        facts.put(
                "system",
                System.getProperty("os.name") + " " + System.getProperty("os.arch") + ", Java "
                        + System.getProperty("java.version"));
        return facts;
    }

    /** Whether the processor has some instructions, by the name that Linux gives them; false on other systems. */
    static boolean has(String instructions) {
        return cpuInfo("flags")
                .map(flags -> List.of(flags.split(" ")).contains(instructions))
                .orElse(false);
    }

    private static String processor() {
        return cpuInfo("model name")
                .or(() -> Optional.ofNullable(System.getenv("PROCESSOR_IDENTIFIER")))
                .orElse(UNKNOWN);
    }

    private static Optional<String> cpuInfo(String field) {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith(field))
                    .map(line -> line.substring(line.indexOf(':') + 1).trim())
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Asks the OpenBLAS that ND4J has loaded; its Java binding has no such call. */
    private static String openBlas(Function<NativeLibrary, String> question) {
        for (String file : OPENBLAS_FILES) {
            try {
                return question.apply(NativeLibrary.getInstance(file));
            } catch (UnsatisfiedLinkError e) {
                // Another system's name.
            }
        }
        return UNKNOWN;
    }

    private static String instructionSet(int level) {
        return level >= 0 && level < INSTRUCTION_SETS.size() ? INSTRUCTION_SETS.get(level) : "level " + level;
    }

    private static String nativeJars() {
        String jars = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(entry -> Path.of(entry).getFileName().toString())
                .filter(name -> name.matches("nd4j-native-\\d.*-.*-.*\\.jar"))
                .collect(Collectors.joining(" "));
        return jars.isEmpty() ? UNKNOWN : jars;
    }

    private static String versions() {
        return List.of("org.nd4j/nd4j-native", "org.bytedeco/openblas", "org.bytedeco/javacpp").stream()
                .map(artifact -> artifact.substring(artifact.indexOf('/') + 1) + " " + version(artifact))
                .collect(Collectors.joining(", "));
    }

    private static String version(String artifact) {
        String resource = "META-INF/maven/" + artifact + "/pom.properties";
        try (InputStream in = Machine.class.getClassLoader().getResourceAsStream(resource)) {
            if (in == null) {
                return UNKNOWN;
            }
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version");
        } catch (IOException e) {
            return UNKNOWN;
        }
    }
}
