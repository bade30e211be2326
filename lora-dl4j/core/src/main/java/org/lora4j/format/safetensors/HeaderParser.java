/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.format.TensorEntry;

/** Reads the JSON of a header token by token and insists on its grammar; what the numbers mean is not checked here. */
final class HeaderParser {

    static final String METADATA = "__metadata__";

    private static final int LONGEST_DTYPE = 32;

    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            // Names come from files that nobody vouches for; interning them would fill a table of the JVM.
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(3)
                    .maxNumberLength(20)
                    .build())
            .build();

    private final String file;
    private final JsonParser parser;
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final List<RawEntry> entries = new ArrayList<>();

    private HeaderParser(String file, JsonParser parser) {
        this.file = file;
        this.parser = parser;
    }

    /** An entry as written; {@code dtype} may be unknown and the numbers may be nonsense. */
    record RawEntry(String name, String dtype, long[] shape, long begin, long end) {}

    record Header(Map<String, String> metadata, List<RawEntry> entries) {}

    static Header parse(String file, byte[] header) throws IOException {
        if (header.length == 0 || header[0] != '{') {
            throw new CorruptAdapterException(file + ", byte 8: the header does not start with '{'"
                    + "; expected a JSON object. The file is not a safetensors file or is damaged.");
        }
        var decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        try (JsonParser parser = JSON.createParser(new InputStreamReader(new ByteArrayInputStream(header), decoder))) {
            HeaderParser reading = new HeaderParser(file, parser);
            reading.readAll();
            return new Header(reading.metadata, reading.entries);
        } catch (CharacterCodingException e) {
            throw new CorruptAdapterException(
                    file + ": the header is not UTF-8. The file is damaged; get it again.", e);
        }
    }

    private void readAll() throws IOException {
        try {
            readObject();
        } catch (JsonProcessingException e) {
            throw new CorruptAdapterException(
                    file + ", header character " + parser.currentLocation().getCharOffset() + ": "
                            + e.getOriginalMessage() + ". The file is damaged; get it again.",
                    e);
        }
    }

    private void readObject() throws IOException {
        expect(parser.nextToken(), JsonToken.START_OBJECT, "the header");
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            checkUnicode(name);
            if (name.equals(METADATA)) {
                readMetadata();
            } else {
                readEntry(name);
            }
        }
        if (parser.nextToken() != null) {
            throw corrupt("something follows the JSON object; expected nothing but spaces");
        }
    }

    private void readMetadata() throws IOException {
        expect(parser.nextToken(), JsonToken.START_OBJECT, METADATA);
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            expect(parser.nextToken(), JsonToken.VALUE_STRING, METADATA + "." + TensorEntry.worded(key));
            checkUnicode(key);
            checkUnicode(parser.getText());
            metadata.put(key, parser.getText());
        }
    }

    private void readEntry(String name) throws IOException {
        String where = "tensor " + TensorEntry.worded(name);
        expect(parser.nextToken(), JsonToken.START_OBJECT, where);
        String dtype = null;
        long[] shape = null;
        long[] offsets = null;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            switch (parser.currentName()) {
                case "dtype" -> {
                    expect(parser.nextToken(), JsonToken.VALUE_STRING, where + ", dtype");
                    dtype = parser.getText();
                    if (dtype.length() > LONGEST_DTYPE) {
                        throw corrupt(where + " has a dtype of " + dtype.length() + " characters");
                    }
                }
                case "shape" -> shape = readNumbers(where + ", shape");
                case "data_offsets" -> offsets = readNumbers(where + ", data_offsets");
                default ->
                    throw corrupt(where + " has the key " + TensorEntry.worded(parser.currentName())
                            + "; expected dtype, shape and data_offsets only");
            }
        }
        if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
            throw corrupt(where + " lacks one of dtype, shape and data_offsets (two numbers)");
        }
        entries.add(new RawEntry(name, dtype, shape, offsets[0], offsets[1]));
    }

    private long[] readNumbers(String where) throws IOException {
        expect(parser.nextToken(), JsonToken.START_ARRAY, where);
        LongStream.Builder numbers = LongStream.builder();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            expect(parser.currentToken(), JsonToken.VALUE_NUMBER_INT, where);
            if (parser.getText().startsWith("-0")) {
                throw corrupt(where + " contains -0");
            }
            numbers.add(parser.getLongValue());
        }
        return numbers.build().toArray();
    }

    /** An escape can spell half a character, which no UTF-8 file could hold and no writer could write back. */
    private void checkUnicode(String text) throws CorruptAdapterException {
        if (!isUnicode(text)) {
            throw corrupt("the string " + TensorEntry.worded(text) + " contains half a surrogate pair");
        }
    }

    static boolean isUnicode(String text) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    private void expect(JsonToken found, JsonToken wanted, String where) throws CorruptAdapterException {
        if (found != wanted) {
            throw corrupt(where + " is or contains " + (found == null ? "nothing" : found) + "; expected " + wanted);
        }
    }

    private CorruptAdapterException corrupt(String what) {
        return new CorruptAdapterException(
                file + ", header: " + what + ". The file is damaged or not a safetensors file.");
    }
}
