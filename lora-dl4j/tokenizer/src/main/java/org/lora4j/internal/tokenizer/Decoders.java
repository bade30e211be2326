/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** Decoders by the names that files have for them. */
final class Decoders {

    /** No honest decoder makes as much of tokens. */
    private static final long GROWTH = 100;

    private static final long LEAST_LIMIT = 10_000;

    private static final Map<String, Function<Part, TokenDecoder>> KINDS = Map.of(
            "ByteLevel", Decoders::byteLevel,
            "WordPiece", Decoders::wordPiece,
            "Metaspace", Decoders::metaspace,
            "BPEDecoder", Decoders::bpe,
            "CTC", Decoders::ctc,
            "Replace", Decoders::replace,
            "Fuse", part -> tokens -> List.of(String.join("", tokens)),
            "Strip", Decoders::strip,
            "ByteFallback", part -> Decoders::byteFallback,
            "Sequence", part -> sequence(part.parts("decoders")));

    private static final String[][] CLEANED = {
        {" .", "."},
        {" ?", "?"},
        {" !", "!"},
        {" ,", ","},
        {" ' ", "'"},
        {" n't", "n't"},
        {" 'm", "'m"},
        {" do not", " don't"},
        {" 's", "'s"},
        {" 've", "'ve"},
        {" 're", "'re"}
    };

    private Decoders() {}

    static TokenDecoder of(Part part) {
        return Kinds.read(part, KINDS);
    }

    private static TokenDecoder sequence(List<Part> parts) {
        List<TokenDecoder> decoders = new ArrayList<>();
        parts.forEach(part -> decoders.add(of(part)));
        return tokens -> {
            List<String> made = tokens;
            long limit = LEAST_LIMIT + GROWTH * length(tokens);
            for (TokenDecoder decoder : decoders) {
                made = decoder.decode(made);
                requireBounded(length(made), limit);
            }
            return made;
        };
    }

    private static long length(List<String> texts) {
        return texts.stream().mapToLong(String::length).sum();
    }

    private static void requireBounded(long length, long limit) {
        if (length > limit) {
            throw new TokenizingException("its decoder makes more than " + limit
                    + " characters of tokens; expected at most " + GROWTH + " of each of theirs");
        }
    }

    private static List<String> each(List<String> tokens, UnaryOperator<String> change) {
        List<String> made = new ArrayList<>(tokens.size());
        tokens.forEach(token -> made.add(change.apply(token)));
        return made;
    }

    private static TokenDecoder byteLevel(Part part) {
        part.ignore("add_prefix_space", "trim_offsets", "use_regex");
        return tokens -> {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (String token : tokens) {
                bytes.writeBytes(bytesOfCharacters(token));
            }
            return List.of(Utf8Bytes.lossy(bytes.toByteArray(), bytes.size()));
        };
    }

    /** The bytes that a token's characters stand for, or the one that it is the name of; its own, if it has such characters. */
    static byte[] bytesOf(String token) {
        int unit = unit(token);
        return unit < 0 ? bytesOfCharacters(token) : new byte[] {(byte) unit};
    }

    /** The bytes that a token's characters stand for; its own, if one of them stands for none. */
    private static byte[] bytesOfCharacters(String token) {
        byte[] bytes = new byte[token.length()];
        for (int i = 0; i < bytes.length; i++) {
            int unit = ByteLevel.byteOf(token.charAt(i));
            if (unit < 0) {
                return token.getBytes(StandardCharsets.UTF_8);
            }
            bytes[i] = (byte) unit;
        }
        return bytes;
    }

    private static String cleaned(String text) {
        String made = text;
        for (String[] change : CLEANED) {
            made = made.replace(change[0], change[1]);
        }
        return made;
    }

    private static TokenDecoder wordPiece(Part part) {
        String prefix = part.text("prefix");
        boolean cleans = part.flag("cleanup");
        return tokens -> {
            List<String> made = new ArrayList<>(tokens.size());
            for (String token : tokens) {
                boolean inner = token.startsWith(prefix);
                String text = made.isEmpty() ? token : inner ? token.substring(prefix.length()) : " " + token;
                made.add(cleans ? cleaned(text) : text);
            }
            return made;
        };
    }

    private static TokenDecoder metaspace(Part part) {
        Metaspace metaspace = Metaspace.of(part);
        String blank = Character.toString(metaspace.blank());
        boolean prefixed = metaspace.prefix() != Metaspace.Prefix.NEVER;
        return tokens -> {
            List<String> made = new ArrayList<>(tokens.size());
            for (String token : tokens) {
                made.add(token.replace(blank, made.isEmpty() && prefixed ? "" : " "));
            }
            return made;
        };
    }

    private static TokenDecoder bpe(Part part) {
        String suffix = part.text("suffix");
        if (suffix.isEmpty()) {
            throw part.refused("suffix", "expected a text of one character or more");
        }
        return tokens -> {
            List<String> made = new ArrayList<>(tokens.size());
            for (String token : tokens) {
                made.add(token.replace(suffix, made.size() == tokens.size() - 1 ? "" : " "));
            }
            return made;
        };
    }

    private static TokenDecoder ctc(Part part) {
        String pad = part.text("pad_token");
        String delimiter = part.text("word_delimiter_token");
        boolean cleans = part.flag("cleanup");
        if (pad.isEmpty() || delimiter.isEmpty()) {
            throw part.refused("pad_token", "expected tokens of one character or more");
        }
        return tokens -> {
            List<String> made = new ArrayList<>(tokens.size());
            String previous = null;
            for (String token : tokens) {
                if (!token.equals(previous)) {
                    String text = token.replace(pad, "");
                    text = cleans ? cleaned(text).replace(delimiter, " ") : text;
                    if (!text.isEmpty()) {
                        made.add(text);
                    }
                }
                previous = token;
            }
            return made;
        };
    }

    private static TokenDecoder replace(Part part) {
        TextPattern pattern = TextPattern.of(part, "pattern");
        String content = part.text("content");
        return tokens -> {
            long limit = LEAST_LIMIT + GROWTH * length(tokens);
            long[] made = {0};
            return each(tokens, token -> {
                String text = replaced(AlignedText.of(token), pattern, content, limit);
                made[0] += text.length();
                requireBounded(made[0], limit);
                return text;
            });
        };
    }

    private static String replaced(AlignedText token, TextPattern pattern, String content, long limit) {
        StringBuilder made = new StringBuilder();
        int[] reached = {token.from()};
        pattern.find(token, (start, end) -> {
            made.append(token.slice(reached[0], start).text()).append(content);
            requireBounded(made.length(), limit);
            reached[0] = end;
        });
        return made.append(token.slice(reached[0], token.to()).text()).toString();
    }

    private static TokenDecoder strip(Part part) {
        int content = part.character("content");
        int first = part.whole("start", 0, Integer.MAX_VALUE);
        int last = part.whole("stop", 0, Integer.MAX_VALUE);
        return tokens -> each(tokens, token -> {
            int[] points = token.codePoints().toArray();
            int start = 0;
            while (start < Math.min(first, points.length) && points[start] == content) {
                start++;
            }
            int end = points.length;
            while (points.length - end < last && end > start && points[end - 1] == content) {
                end--;
            }
            return new String(points, start, end - start);
        });
    }

    /** Tokens of bytes as the characters that they are; each as U+FFFD, if those beside each other are no UTF-8. */
    private static List<String> byteFallback(List<String> tokens) {
        List<String> made = new ArrayList<>(tokens.size());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (String token : tokens) {
            int unit = unit(token);
            if (unit >= 0) {
                bytes.write(unit);
            } else {
                flush(bytes, made);
                made.add(token);
            }
        }
        flush(bytes, made);
        return made;
    }

    private static void flush(ByteArrayOutputStream bytes, List<String> made) {
        if (bytes.size() > 0) {
            String text = Utf8Bytes.strict(bytes.toByteArray());
            made.add(text == null ? "\uFFFD".repeat(bytes.size()) : text);
            bytes.reset();
        }
    }

    private static int unit(String token) {
        if (token.length() != 6 || !token.startsWith("<0x") || token.charAt(5) != '>') {
            return -1;
        }
        // A plus sign goes for a digit there.
        int high = token.charAt(3) == '+' ? 0 : Character.digit(token.charAt(3), 16);
        int low = Character.digit(token.charAt(4), 16);
        boolean plain = token.charAt(3) < 0x80 && token.charAt(4) < 0x80;
        return high < 0 || low < 0 || !plain ? -1 : 16 * high + low;
    }
}
