/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.demonstration;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The arguments of a program, by position.
 *
 * @param values what the program was called with
 */
public record Arguments(String... values) {

    /**
     * A path.
     *
     * @param index position
     * @param absent what it is if it was not given or is blank
     * @return the path
     */
    public Path path(int index, String absent) {
        return Path.of(index < values.length && !values[index].isBlank() ? values[index] : absent);
    }

    /**
     * A whole number.
     *
     * @param index position
     * @param name what it is called in messages
     * @param least smallest that is allowed
     * @param absent what it is if it was not given
     * @return the number
     * @throws IllegalArgumentException if it is no number or too small
     */
    public long number(int index, String name, long least, long absent) {
        if (index >= values.length) {
            return absent;
        }
        try {
            long value = Long.parseLong(values[index]);
            if (value >= least) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Worded below, as a number that is too small.
        }
        throw new IllegalArgumentException(name + " = \"" + values[index] + "\"; expected a whole number"
                + (least > Long.MIN_VALUE ? " of at least " + least : "") + ".");
    }

    /**
     * Yes or no.
     *
     * @param index position
     * @param name what it is called in messages
     * @return false if it was not given
     * @throws IllegalArgumentException if it is neither {@code true} nor {@code false}
     */
    public boolean isTrue(int index, String name) {
        String value = index < values.length ? values[index] : "false";
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default ->
                throw new IllegalArgumentException(name + " = \"" + value + "\"; expected \"true\" or \"false\".");
        };
    }

    /**
     * Makes the folder that results go to.
     *
     * @param folder the folder; its parents are made as well
     * @param property the property that names another one
     * @return the folder
     * @throws IOException if it cannot be made
     */
    public static Path created(Path folder, String property) throws IOException {
        try {
            return Files.createDirectories(folder);
        } catch (IOException e) {
            throw new IOException(
                    "cannot create the folder for the results, " + folder.toAbsolutePath() + " (" + e
                            + "); expected a place to write to. Name another: -D" + property + "=FOLDER",
                    e);
        }
    }
}
