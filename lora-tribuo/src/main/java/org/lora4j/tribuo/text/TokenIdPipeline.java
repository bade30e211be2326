/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.text;

import com.oracle.labs.mlrg.olcut.config.Config;
import com.oracle.labs.mlrg.olcut.config.PropertyException;
import com.oracle.labs.mlrg.olcut.provenance.ConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.impl.ConfiguredObjectProvenanceImpl;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.tribuo.input.TokenInputConverter;
import org.tribuo.Feature;
import org.tribuo.data.text.TextPipeline;

/**
 * Turns a text into the token ids of an encoder: the feature {@code token-00000} has the value {@code id + 1} of the first
 * token, as {@link TokenInputConverter} reads them. A tag goes in front of the names, {@code tag-token-00000}.
 *
 * <p>Texts are cut to the tokenizer's length. An empty text gives the special tokens alone.
 *
 * <p><b>Threads.</b> Safe, as the tokenizer is.
 *
 * @apiNote Status: experimental
 */
public final class TokenIdPipeline implements TextPipeline, AutoCloseable {

    @Config(mandatory = true, description = "The file tokenizer.json of the encoder.")
    private Path tokenizerPath;

    @Config(mandatory = true, description = "The most ids that a text gets, special tokens included.")
    private int maxLength;

    private TextTokenizer tokenizer;
    private HuggingFaceTextTokenizer owned;

    /** For olcut. */
    private TokenIdPipeline() {}

    /**
     * Uses a tokenizer. The pipeline cannot be rebuilt from provenance then.
     *
     * @param tokenizer the encoder's own; it stays the caller's to close
     */
    public TokenIdPipeline(TextTokenizer tokenizer) {
        this.tokenizer = tokenizer;
        this.maxLength = tokenizer.maxLength();
    }

    /**
     * Reads a tokenizer.
     *
     * @param tokenizerPath the file {@code tokenizer.json} of the encoder
     * @param maxLength the most ids that a text gets, special tokens included
     * @throws IOException if it cannot be read
     */
    public TokenIdPipeline(Path tokenizerPath, int maxLength) throws IOException {
        this.tokenizerPath = tokenizerPath;
        this.maxLength = maxLength;
        read();
    }

    private void read() throws IOException {
        owned = HuggingFaceTextTokenizer.load(tokenizerPath, maxLength);
        tokenizer = owned;
    }

    /**
     * Reads the tokenizer that was configured.
     *
     * @throws PropertyException if it cannot be read
     */
    @Override
    public void postConfig() {
        try {
            read();
        } catch (IOException | IllegalArgumentException e) {
            throw new PropertyException(e, "", "tokenizerPath", e.getMessage());
        }
    }

    @Override
    public List<Feature> process(String tag, String data) {
        String prefix =
                tag.isEmpty() ? TokenInputConverter.DEFAULT_PREFIX : tag + "-" + TokenInputConverter.DEFAULT_PREFIX;
        int[] ids = tokenizer.encode(data);
        List<Feature> features = new ArrayList<>(ids.length);
        for (int position = 0; position < ids.length; position++) {
            features.add(new Feature(TokenInputConverter.featureName(prefix, position), ids[position] + 1.0));
        }
        return features;
    }

    /**
     * The converter that reads these features, for texts without a tag.
     *
     * @return a converter of the same length
     */
    public TokenInputConverter inputConverter() {
        return new TokenInputConverter(maxLength);
    }

    /** Closes the tokenizer if this pipeline read it. */
    @Override
    public void close() {
        if (owned != null) {
            owned.close();
        }
    }

    @Override
    public ConfiguredObjectProvenance getProvenance() {
        return new ConfiguredObjectProvenanceImpl(this, "TextPipeline");
    }

    @Override
    public String toString() {
        return "TokenIdPipeline(maxLength=" + maxLength + ")";
    }
}
