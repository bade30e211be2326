/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/**
 * The version of this library, as its build has it.
 *
 * @apiNote Status: experimental
 */
public final class LibraryVersion {

    /** The version; {@code unknown} where the classes were not made by the build. */
    public static final String LORA4J = read();

    private LibraryVersion() {}

    private static String read() {
        Properties properties = new Properties();
        try (InputStream in = LibraryVersion.class.getResourceAsStream("version.properties")) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("org/lora4j/trust/version.properties of this library cannot be read", e);
        }
        String version = properties.getProperty("version", "unknown");
        return version.startsWith("${") ? "unknown" : version;
    }
}
