/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.lora4j.internal.format.file.Sha256;

/** Names of folders for keys: any text becomes a name that every file system takes, different texts become different ones. */
final class KeyNames {

    private static final int LONGEST = 120;
    private static final int HASH = 32;

    private KeyNames() {}

    /** The name of a key's folder: letters, digits, dots and dashes stay, all else is written as a percent sign and its bytes. */
    static String folder(String key) {
        StringBuilder name = new StringBuilder();
        for (byte b : key.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xFF);
            boolean plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-';
            // File systems of Hadoop hide what begins with a dot or an underscore.
            if (plain || name.length() > 0 && (c == '.' || c == '_')) {
                name.append(c);
            } else {
                name.append('%').append(HexFormat.of().withUpperCase().toHexDigits((byte) c));
            }
        }
        if (name.length() <= LONGEST && name.length() > 0) {
            return name.toString();
        }
        String hash = Sha256.of(key.getBytes(StandardCharsets.UTF_8)).substring(0, HASH);
        return name.substring(0, Math.min(name.length(), LONGEST - HASH)) + "%~" + hash;
    }
}
