/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import java.util.Optional;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.Loader;

/** The library and its binding. Every method throws a {@link LinkageError} where they are missing. */
final class DnnlLibrary {

    private DnnlLibrary() {}

    static void load() {
        Loader.load(dnnl.class);
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
                + " is on the class path: import org.lora4j:lora4j-parent as a BOM, or set that version");
    }

    private static String version(String artifact) {
        try {
            return Loader.getVersion("org.bytedeco", artifact);
        } catch (java.io.IOException e) {
            return null;
        }
    }
}
