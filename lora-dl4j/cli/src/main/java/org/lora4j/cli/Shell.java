/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

/** Words as a shell takes them. */
final class Shell {

    private Shell() {}

    static String quoted(String word) {
        return word.matches("[A-Za-z0-9_./:=@%+,~-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
