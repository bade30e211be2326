/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.Map;
import java.util.Optional;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.Loader;
import org.lora4j.internal.array.Lasting;

/**
 * The library and its binding. Every method throws a {@link LinkageError} where they are missing.
 *
 * @apiNote Status: internal
 */
public final class DnnlLibrary {

    /** By the numbers of {@code dnnl_cpu_isa_t} on x86-64. */
    private static final Map<Integer, String> INSTRUCTIONS = Map.ofEntries(
            Map.entry(dnnl.dnnl_cpu_isa_sse41, "SSE4.1"),
            Map.entry(dnnl.dnnl_cpu_isa_avx, "AVX"),
            Map.entry(dnnl.dnnl_cpu_isa_avx2, "AVX2"),
            Map.entry(dnnl.dnnl_cpu_isa_avx2_vnni, "AVX2-VNNI"),
            Map.entry(dnnl.dnnl_cpu_isa_avx2_vnni_2, "AVX2-VNNI2"),
            Map.entry(dnnl.dnnl_cpu_isa_avx512_core, "AVX-512"),
            Map.entry(dnnl.dnnl_cpu_isa_avx512_core_vnni, "AVX512-VNNI"),
            Map.entry(dnnl.dnnl_cpu_isa_avx512_core_bf16, "AVX512-BF16"),
            Map.entry(dnnl.dnnl_cpu_isa_avx512_core_fp16, "AVX512-FP16"),
            Map.entry(dnnl.dnnl_cpu_isa_avx512_core_amx, "AMX"),
            Map.entry(dnnl.dnnl_cpu_isa_avx512_core_amx_fp16, "AMX-FP16"));

    private DnnlLibrary() {}

    static void load() {
        Loader.load(dnnl.class);
    }

    /** The processor, as a new object that lasts. */
    public static engine engine() {
        return Lasting.of(new engine(org.bytedeco.dnnl.engine.kind.cpu, 0));
    }

    /** The newest instructions that the library uses here. */
    public static String instructions() {
        String processor = System.getProperty("os.arch");
        boolean x86 = processor.equals("amd64") || processor.equals("x86_64");
        return x86 ? INSTRUCTIONS.getOrDefault(dnnl.dnnl_get_effective_cpu_isa(), processor) : processor;
    }

    /**
     * What is wrong with the versions: a binding that meets another JavaCPP than it was built with may work, or end the JVM.
     * ND4J M2.1 brings JavaCPP 1.5.7 where nothing else is said.
     */
    static Optional<String> mismatch() {
        return mismatch(version("javacpp"), version("dnnl"));
    }

    /** {@code dnnl} is the library's own version, a hyphen, and that of JavaCPP; null if a jar does not tell. */
    static Optional<String> mismatch(String javacpp, String dnnl) {
        if (javacpp == null || dnnl == null || dnnl.endsWith("-" + javacpp)) {
            return Optional.empty();
        }
        String needed = dnnl.substring(dnnl.indexOf('-') + 1);
        return Optional.of("org.bytedeco:dnnl " + dnnl + " needs org.bytedeco:javacpp " + needed + ", and " + javacpp
                + " is on the class path: import org.lora4j:lora4j-bom, or set that version");
    }

    private static String version(String artifact) {
        try {
            return Loader.getVersion("org.bytedeco", artifact);
        } catch (java.io.IOException e) {
            return null;
        }
    }
}
