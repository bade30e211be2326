/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.huggingface.ConfigText;

/**
 * The files beside the weights of a decoder, which go along with weights that are written elsewhere.
 *
 * @apiNote Status: internal
 */
public final class CompanionFiles {

    /** What goes along as it is, where it is there. */
    public static final List<String> NAMES = List.of(
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "chat_template.jinja",
            "special_tokens_map.json",
            "added_tokens.json",
            "chat_template.json",
            "tokenizer.model",
            "vocab.json",
            "merges.txt",
            "vocab.txt",
            "spiece.model",
            "spm.model",
            "sentencepiece.bpe.model",
            "LICENSE",
            "LICENSE.txt",
            "LICENSE.md",
            "NOTICE",
            "USE_POLICY.md");

    /** A tokenizer of many languages has 34 MB. */
    private static final int LONGEST = 256 << 20;

    private CompanionFiles() {}

    /**
     * Copies everything that goes along with the weights, and the config with another element type.
     *
     * @param source the directory of the model
     * @param type how Transformers names the element type
     * @return the names of the files
     * @throws IOException if a file cannot be read or written
     */
    public static List<String> copy(Path source, Path target, String type) throws IOException {
        List<String> copied = new ArrayList<>();
        for (String name : NAMES) {
            Path file = source.resolve(name);
            if (Files.exists(file)) {
                byte[] bytes = RegularFile.bytes(file, "a file of a model", LONGEST, ModelFormatException::new);
                WholeFile.write(target.resolve(name), out -> out.write(bytes));
                copied.add(name);
            }
        }
        Path file = source.resolve(DecoderConfigReader.FILE);
        WholeFile.write(target.resolve(DecoderConfigReader.FILE), ConfigText.retyped(file, type));
        copied.add(DecoderConfigReader.FILE);
        return copied;
    }
}
