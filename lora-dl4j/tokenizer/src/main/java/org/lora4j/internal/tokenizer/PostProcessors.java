/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.lora4j.error.MessageText;

/** Post-processors by the names that files have for them; special tokens must be tokens. */
final class PostProcessors {

    private static final int MOST_ADDED = 1_000;

    private static final Map<String, BiFunction<Part, AddedTokens, PostProcessor>> KINDS = Map.of(
            "BertProcessing", PostProcessors::bert,
            "RobertaProcessing", PostProcessors::roberta,
            "TemplateProcessing", PostProcessors::template,
            "ByteLevel", PostProcessors::byteLevel,
            "Sequence", PostProcessors::sequence);

    private PostProcessors() {}

    static PostProcessor of(Part part, AddedTokens tokens) {
        Map<String, Function<Part, PostProcessor>> kinds = new HashMap<>();
        KINDS.forEach((name, kind) -> kinds.put(name, each -> kind.apply(each, tokens)));
        return Kinds.read(part, kinds);
    }

    /** A special token: its ids and how they are spelled. */
    private record Special(int[] ids, String[] tokens) {}

    /** A place of a template: a special token, or a text if it is null. */
    private record Place(Special special, int sequence, int type) {}

    /** Rules that name for one text and for two what stands where. */
    private record Template(List<Place> single, List<Place> pair) implements PostProcessor {

        @Override
        public int added(boolean both) {
            return (both ? pair : single)
                    .stream()
                            .mapToInt(place -> place.special == null ? 0 : place.special.ids.length)
                            .sum();
        }

        @Override
        public EncodedTokens process(List<EncodedTokens> texts, boolean specialTokens) {
            EncodedTokens all = new EncodedTokens();
            for (Place place : texts.size() == 2 ? pair : single) {
                if (place.special == null) {
                    all.addAll(texts.get(place.sequence), place.type, place.sequence);
                } else if (specialTokens) {
                    for (int i = 0; i < place.special.ids.length; i++) {
                        all.add(place.special.ids[i], place.special.tokens[i], -1, 0, 0, place.type, -1);
                    }
                }
            }
            return all;
        }
    }

    private static int id(Object value, String where, AddedTokens tokens) {
        if (!(value instanceof Long id) || id < 0 || id >= tokens.end() || tokens.token(id.intValue()) == null) {
            throw new Refusal(where, Refusal.found(value), "expected the id of a token");
        }
        return id.intValue();
    }

    private static Special pair(Part part, String name, AddedTokens tokens) {
        List<Object> pair = part.list(name);
        if (pair.size() != 2 || !(pair.get(0) instanceof String token)) {
            throw part.refused(name, "expected a token and its id");
        }
        int id = id(pair.get(1), part.where() + "." + name + "[1]", tokens);
        return new Special(new int[] {id}, new String[] {token});
    }

    private static PostProcessor bert(Part part, AddedTokens tokens) {
        Special first = pair(part, "cls", tokens);
        Special last = pair(part, "sep", tokens);
        List<Place> single = List.of(new Place(first, 0, 0), new Place(null, 0, 0), new Place(last, 0, 0));
        List<Place> pair = new ArrayList<>(single);
        pair.add(new Place(null, 1, 1));
        pair.add(new Place(last, 1, 1));
        return plain(new Template(single, pair), true);
    }

    private static PostProcessor roberta(Part part, AddedTokens tokens) {
        Special first = pair(part, "cls", tokens);
        Special last = pair(part, "sep", tokens);
        List<Place> single = List.of(new Place(first, 0, 0), new Place(null, 0, 0), new Place(last, 0, 0));
        List<Place> pair = new ArrayList<>(single);
        pair.add(new Place(last, 0, 0));
        pair.add(new Place(null, 1, 0));
        pair.add(new Place(last, 0, 0));
        PostProcessor template = plain(new Template(single, pair), false);
        boolean prefix = part.flag("add_prefix_space");
        return part.flag("trim_offsets") ? trimming(prefix, template) : template;
    }

    /** Types without special tokens: of the texts, or all 0. */
    private static PostProcessor plain(Template template, boolean typed) {
        return new PostProcessor() {

            @Override
            public int added(boolean pair) {
                return template.added(pair);
            }

            @Override
            public EncodedTokens process(List<EncodedTokens> texts, boolean specialTokens) {
                return specialTokens || !typed ? template.process(texts, specialTokens) : PostProcessor.joined(texts);
            }
        };
    }

    private static PostProcessor byteLevel(Part part, AddedTokens tokens) {
        part.ignore("use_regex");
        boolean prefix = part.flag("add_prefix_space");
        return part.flag("trim_offsets") ? trimming(prefix, PostProcessor.NONE) : PostProcessor.NONE;
    }

    private static PostProcessor trimming(boolean prefix, PostProcessor then) {
        return new PostProcessor() {

            @Override
            public int added(boolean pair) {
                return then.added(pair);
            }

            @Override
            public EncodedTokens process(List<EncodedTokens> texts, boolean specialTokens) {
                texts.forEach(text -> trim(text, prefix));
                return then.process(texts, specialTokens);
            }
        };
    }

    private static boolean isBlank(int point) {
        return point == ByteLevel.BLANK || Letters.isSpace(point);
    }

    /** Leaves the blanks that tokens begin and end with out of their places, but for the one that was put before the text. */
    private static void trim(EncodedTokens text, boolean prefix) {
        for (int i = 0; i < text.size(); i++) {
            String token = text.token(i);
            int leading = 0;
            while (leading < token.length() && isBlank(token.charAt(leading))) {
                leading++;
            }
            int trailing = 0;
            while (trailing < token.length() && isBlank(token.charAt(token.length() - 1 - trailing))) {
                trailing++;
            }
            int start = text.start(i);
            int end = text.end(i);
            if (leading > 0) {
                boolean first = i == 0 || start == 0;
                start = Math.min(start + (first && prefix && leading == 1 ? 0 : leading), end);
            }
            if (trailing > 0 && end >= trailing) {
                end = Math.max(end - trailing, start);
            }
            text.moveEnds(i, start, end);
        }
    }

    private static PostProcessor template(Part part, AddedTokens tokens) {
        Map<String, Special> specials = new HashMap<>();
        Part known = part.part("special_tokens");
        for (String name : known.names()) {
            specials.put(name, special(known.part(name), name, tokens));
        }
        Template template = new Template(places(part, "single", specials, 1), places(part, "pair", specials, 2));
        if (template.added(false) > MOST_ADDED || template.added(true) > MOST_ADDED) {
            throw new Refusal(
                    part.where(), null, "adds more than " + MOST_ADDED + " special tokens to a text; expected a few");
        }
        return template;
    }

    private static Special special(Part part, String name, AddedTokens tokens) {
        if (!part.text("id").equals(name)) {
            throw part.refused("id", "expected the name under which it stands, " + MessageText.value(name));
        }
        List<Object> ids = part.list("ids");
        List<Object> spellings = part.list("tokens");
        if (ids.isEmpty() || ids.size() != spellings.size() || ids.size() > MOST_ADDED) {
            throw new Refusal(
                    part.where(),
                    null,
                    "is a special token with " + ids.size() + " ids and " + spellings.size()
                            + " tokens; expected as many of each, 1 to " + MOST_ADDED);
        }
        int[] found = new int[ids.size()];
        String[] spelled = new String[ids.size()];
        for (int i = 0; i < found.length; i++) {
            found[i] = id(ids.get(i), part.where() + ".ids[" + i + "]", tokens);
            if (!(spellings.get(i) instanceof String spelling)) {
                throw new Refusal(
                        part.where() + ".tokens[" + i + "]", Refusal.found(spellings.get(i)), "expected a text");
            }
            spelled[i] = spelling;
        }
        part.end();
        return new Special(found, spelled);
    }

    private static List<Place> places(Part part, String name, Map<String, Special> specials, int texts) {
        List<Place> places = new ArrayList<>();
        for (Part place : part.parts(name)) {
            boolean isText = place.has("Sequence");
            Part inner = place.part(isText ? "Sequence" : "SpecialToken");
            String id = inner.text("id");
            int type = inner.whole("type_id", 0, Integer.MAX_VALUE);
            if (isText) {
                int sequence = "AB".indexOf(id);
                if (id.length() != 1 || sequence < 0 || sequence >= texts) {
                    throw inner.refused("id", "expected A" + (texts == 2 ? " or B" : ", the only text of it"));
                }
                places.add(new Place(null, sequence, type));
            } else {
                Special special = specials.get(id);
                if (special == null) {
                    throw inner.refused("id", "is an unknown special token; expected one of special_tokens");
                }
                places.add(new Place(special, 0, type));
            }
            inner.end();
            place.end();
        }
        return List.copyOf(places);
    }

    /** Any that only trim, then at most one that adds special tokens. */
    private static PostProcessor sequence(Part part, AddedTokens tokens) {
        List<Part> parts = part.parts("processors");
        List<PostProcessor> processors = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            if (!processors.isEmpty() && !parts.get(i - 1).type().equals("ByteLevel")) {
                throw new Refusal(
                        parts.get(i).where(),
                        null,
                        "stands behind one that adds special tokens; expected that to be the last");
            }
            processors.add(of(parts.get(i), tokens));
        }
        return new PostProcessor() {

            @Override
            public int added(boolean pair) {
                return processors.stream().mapToInt(each -> each.added(pair)).sum();
            }

            @Override
            public EncodedTokens process(List<EncodedTokens> texts, boolean specialTokens) {
                // Those before the last one write to the texts and join nothing that is used.
                EncodedTokens all = PostProcessor.joined(texts);
                for (PostProcessor each : processors) {
                    all = each.process(texts, specialTokens);
                }
                return all;
            }
        };
    }
}
