/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;

/** Something that is opened when it is first needed: data with mistakes are told before a model is read. */
final class Later<T extends AutoCloseable> implements AutoCloseable {

    /** Opens it. */
    interface Opener<T> {
        T open() throws IOException;
    }

    private final Opener<T> opener;
    private T opened;

    Later(Opener<T> opener) {
        this.opener = opener;
    }

    T get() {
        if (opened == null) {
            try {
                opened = opener.open();
            } catch (IOException e) {
                throw new CliException(ExitCode.INPUT, FailureWords.words(e), e);
            }
        }
        return opened;
    }

    @Override
    public void close() {
        if (opened == null) {
            return;
        }
        try {
            opened.close();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
