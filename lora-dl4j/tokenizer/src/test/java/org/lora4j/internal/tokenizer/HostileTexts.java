/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.List;
import java.util.Random;

/** Texts that nobody writes: of all planes, with marks on marks, controls, emoji of many parts, very long words. */
final class HostileTexts {

    private static final List<String> PARTS = List.of(
            " ",
            "  ",
            "\n",
            "\r\n",
            "\t",
            "\u00A0",
            "\u3000",
            "\u200B",
            "\u200D",
            "\uFEFF",
            "\uFFFD",
            "\0",
            "\u0001",
            "\u007F",
            "\u0085",
            "\u2028",
            "a",
            "A",
            "the",
            "'s",
            "'S",
            "'\u017F",
            "1",
            "12345",
            "\u0663",
            "\u2167",
            "\u00BD",
            ".",
            ",",
            "!?",
            "\u3002",
            "\u00E9",
            "e\u0301",
            "e\u0323\u0301",
            "e\u0301\u0323",
            "\u1E69",
            "\u0130",
            "\u0131",
            "\u00DF",
            "\u1E9E",
            "\uFB01",
            "\uFB03",
            "\u212B",
            "\u2126",
            "\uAC00",
            "\u1100\u1161\u11A8",
            "\u0915\u094D\u0937",
            "\u4E2D\u6587",
            "\u304B\u3099",
            "\u30FC",
            "\uD83D\uDE00",
            "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67",
            "\uD83C\uDDE9\uD83C\uDDEA",
            "\uD83D\uDC4D\uD83C\uDFFD",
            "\uD835\uDD38",
            "\uD834\uDD5E",
            "\u0344",
            "\u0F73",
            "\uFDFA",
            "\u2581",
            "\u2581\u2581",
            "##",
            "##ing",
            "<s>",
            "</s>",
            "<unk>",
            "[CLS]",
            "[SEP]",
            "[MASK]",
            "<|endoftext|>",
            "<0x0A>",
            "<mask>",
            "\uE000",
            "\uDBFF\uDFFD",
            "``",
            "''",
            "$",
            "+",
            "^",
            "_",
            "-",
            "\u0300\u0301\u0302",
            "\u064B\u0651",
            "\u05B0\u05BC",
            "\u0E33");

    private HostileTexts() {}

    static String random(Random random) {
        StringBuilder text = new StringBuilder();
        int parts = 1 + random.nextInt(12);
        for (int i = 0; i < parts; i++) {
            switch (random.nextInt(8)) {
                case 0 -> text.appendCodePoint(point(random, 0x10FFFF));
                case 1 -> text.appendCodePoint(point(random, 0x2FFF));
                case 2 -> text.appendCodePoint(0x300 + random.nextInt(0x70));
                case 3 -> text.append(PARTS.get(random.nextInt(PARTS.size())).repeat(1 + random.nextInt(4)));
                case 4 -> text.append((char) ('a' + random.nextInt(26)));
                default -> text.append(PARTS.get(random.nextInt(PARTS.size())));
            }
        }
        return text.toString();
    }

    private static int point(Random random, int highest) {
        int point = random.nextInt(highest + 1);
        return point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE ? 'x' : point;
    }
}
