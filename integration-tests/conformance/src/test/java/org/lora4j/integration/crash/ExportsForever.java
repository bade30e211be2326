/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.crash;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.lora4j.integration.crash.SavedKinds.Kind;

/** A program that saves two models of several kinds in turn, each to a place and in a thread of its own, until it is killed. */
public final class ExportsForever {

    private ExportsForever() {}

    /** A folder of models, then a kind and a place after the other. */
    public static void main(String[] arguments) throws IOException {
        SavedKinds models = new SavedKinds(Path.of(arguments[0]));
        for (int i = 1; i < arguments.length; i += 2) {
            Kind kind = Kind.valueOf(arguments[i]);
            Path place = Path.of(arguments[i + 1]);
            new Thread(() -> alternate(models, kind, place)).start();
        }
        System.out.println(SavesForever.READY);
    }

    private static void alternate(SavedKinds models, Kind kind, Path place) {
        try {
            for (int turn = 0; ; turn++) {
                kind.save(models, place, turn % 2);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
