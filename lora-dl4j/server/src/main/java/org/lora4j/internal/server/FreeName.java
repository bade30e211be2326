/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.lora4j.serve.Routes;

/** Registering an adapter while no alias can take its name, with files that may be missing. */
final class FreeName {

    /** What registers it. */
    interface Registration {
        void make() throws IOException;
    }

    private FreeName() {}

    static void adding(Routes routes, String name, Registration registration) throws IOException {
        try {
            routes.adding(name, () -> {
                try {
                    registration.make();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
