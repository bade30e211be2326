/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.tokenizer.directory.SlowTokenizer;
import org.lora4j.internal.tokenizer.directory.SpecialTokens;

/**
 * A tokenizer as it was read, with the bytes of its {@code tokenizer.json}.
 *
 * @param source what was read, for messages
 * @param json the bytes; not to be written to
 * @param pipeline what encodes and decodes
 * @param pad what shorter texts of a batch are filled up with, if a file says it
 * @apiNote Status: internal
 */
public record TokenizerContent(String source, byte[] json, TokenizerPipeline pipeline, Optional<PadToken> pad) {

    /** The file of a model directory. */
    public static final String FILE = "tokenizer.json";

    /** The most bytes of a file; those of today have an eighth of it. */
    public static final int MOST_BYTES = 256 << 20;

    private static final String EXPECTED = "Hugging Face's tokenizer.json, which has some millions";

    /**
     * Reads the tokenizer of a model.
     *
     * @param path the file, or the directory of the model; where there is no such file, one that is made of the older files
     *     beside it
     * @throws ModelFormatException if a file is not of a tokenizer, or has parts that are not supported
     * @throws IOException if there is none, or it cannot be read
     */
    public static TokenizerContent read(Path path) throws IOException {
        Path file = Files.isDirectory(path) ? path.resolve(FILE) : path;
        byte[] json = json(file);
        TokenizerPipeline pipeline = TokenizerPipeline.read(file.toString(), json);
        Map<String, String> named = SpecialTokens.read(file.resolveSibling("."));
        return new TokenizerContent(file.toString(), json, pipeline, pad(pipeline, named));
    }

    /** Whether there is a {@code tokenizer.json}, or older files beside it that it is made of. */
    public static boolean isThere(Path file) {
        return Files.exists(file) || isMade(file);
    }

    private static boolean isMade(Path file) {
        return !Files.exists(file) && file.endsWith(FILE) && SlowTokenizer.isIn(file.resolveSibling("."));
    }

    /**
     * Opens a {@code tokenizer.json}, or the one that is made of the older files beside it.
     *
     * @param expected what it should be, for messages
     * @return its bytes, to be closed
     * @throws IOException as of {@link #json}
     */
    public static InputStream open(Path file, String expected) throws IOException {
        return isMade(file) ? new ByteArrayInputStream(json(file)) : RegularFile.open(file, expected);
    }

    /**
     * The bytes of a {@code tokenizer.json}, or of the one that is made of the older files beside it.
     *
     * @throws ModelFormatException if the file is too long, or the older files are damaged or not supported
     * @throws IOException if there is none, or it cannot be read
     */
    public static byte[] json(Path file) throws IOException {
        return isMade(file)
                ? SlowTokenizer.json(file.toAbsolutePath().getParent())
                : RegularFile.bytes(
                        file,
                        "the " + FILE + " of a model, as tokenizers of Hugging Face save it",
                        MOST_BYTES,
                        ModelFormatException::new);
    }

    /**
     * Reads a stream to its end and leaves it open.
     *
     * @param source what it is, for messages
     * @throws ModelFormatException as of {@link #read(Path)}
     * @throws IOException if it cannot be read
     */
    public static TokenizerContent read(InputStream in, String source) throws IOException {
        byte[] json = in.readNBytes(MOST_BYTES + 1);
        if (json.length > MOST_BYTES) {
            throw new ModelFormatException(MessageText.value(source) + ": more than " + MOST_BYTES + " bytes; expected "
                    + EXPECTED + ". Check the path.");
        }
        TokenizerPipeline pipeline = TokenizerPipeline.read(source, json);
        return new TokenizerContent(source, json, pipeline, pad(pipeline, Map.of()));
    }

    /** The padding of the file, else the token that files beside it name. */
    private static Optional<PadToken> pad(TokenizerPipeline pipeline, Map<String, String> named) {
        String token = named.get("pad_token");
        return pipeline.padding()
                .or(() -> Optional.ofNullable(pipeline.id(token)).map(id -> new PadToken(id, token, 0)));
    }

    @Override
    public String toString() {
        return "TokenizerContent[" + source + "]";
    }
}
