/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Texts that come in pieces, and output that is lost. */
class StreamedTextTest {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final Terminal terminal =
            Terminal.of(new PrintStream(bytes, true, StandardCharsets.UTF_8), new PrintStream(bytes, true));

    private String said() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void eachPiece_isThereAtOnce() {
        StreamedText text = StreamedText.stripped(terminal);
        text.add(" ");
        text.add(" Hello");
        assertThat(said()).isEqualTo("Hello");
        text.add(",\n");
        assertThat(said()).isEqualTo("Hello,");
        text.add("  you");
        assertThat(said()).isEqualTo("Hello,\n  you");
        text.add(" \n");
        assertThat(said()).isEqualTo("Hello,\n  you");
    }

    @Test
    void aWholeText_keepsItsEnds() {
        StreamedText text = StreamedText.whole(terminal);
        text.add(" a ");
        text.add("\n");
        assertThat(said()).isEqualTo(" a \n");
    }

    private static final class Full extends OutputStream {
        private final String message;

        Full(String message) {
            this.message = message;
        }

        @Override
        public void write(int b) throws IOException {
            throw new IOException(message);
        }
    }

    @Test
    void lostOutput_isRemembered_butForAReaderThatWentAway() {
        WatchedOutput full = new WatchedOutput(new Full("No space left on device"));
        new PrintStream(full, true).println("a result");
        assertThat(full.failure()).get().extracting(Throwable::getMessage).isEqualTo("No space left on device");
        WatchedOutput left = new WatchedOutput(new Full("Broken pipe"));
        new PrintStream(left, true).println("a result");
        assertThat(left.failure()).isEmpty();
    }
}
