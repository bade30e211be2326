/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.demonstration;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.Receipt;

/** What a program shows of its trainings: what was found before one, and the receipt that it left. */
public final class Evidence {

    private Evidence() {}

    /**
     * Shows what the preflight of a {@code fit} said and did not refuse.
     *
     * @param out is told it
     * @param notes those of the report
     */
    public static void preflight(Consumer<String> out, List<String> notes) {
        out.accept("preflight: " + (notes.isEmpty() ? "nothing found" : notes));
    }

    /**
     * Shows what the preflight of a trainer found.
     *
     * @param out is told it
     * @param found what was found
     */
    public static void preflight(Consumer<String> out, Preflight found) {
        out.accept(found.toString());
    }

    /**
     * Shows the receipt of a save.
     *
     * @param out is told where it is, and what it says
     * @param directory what was saved
     * @throws IOException if it has none
     */
    public static void receipt(Consumer<String> out, Path directory) throws IOException {
        Path file = directory.resolve(Receipt.FILE);
        out.accept("receipt: " + file + System.lineSeparator() + Receipt.read(file));
    }
}
