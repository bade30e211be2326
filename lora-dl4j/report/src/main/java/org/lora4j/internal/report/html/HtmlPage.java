/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.report.html;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.report.ReportBlock;
import org.lora4j.internal.report.ReportBlock.ColoredText;
import org.lora4j.internal.report.ReportBlock.Column;
import org.lora4j.internal.report.ReportBlock.Curves;
import org.lora4j.internal.report.ReportBlock.Facts;
import org.lora4j.internal.report.ReportBlock.Grid;
import org.lora4j.internal.report.ReportBlock.HeatGrid;
import org.lora4j.internal.report.ReportBlock.Note;
import org.lora4j.internal.report.ReportBlock.Verdict;
import org.lora4j.internal.report.ReportBlock.Word;
import org.lora4j.internal.report.ReportDocument;
import org.lora4j.internal.report.ReportPart;
import org.lora4j.internal.report.ReportText;
import org.lora4j.internal.report.html.HtmlElement.Attribute;
import org.lora4j.internal.report.html.HtmlElement.Tag;

/**
 * A report as one page that needs nothing else: its style and its script stand in it, and its policy lets nothing else run or load.
 *
 * @apiNote Status: internal
 */
public final class HtmlPage {

    private static final String STYLE = resource("report.css");
    private static final String SCRIPT = resource("report.js");

    private static final String HEAD = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            + "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '" + hash(STYLE)
            + "'; script-src '" + hash(SCRIPT) + "'; base-uri 'none'; form-action 'none'\">"
            + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
            + "<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"generator\" content=\"lora4j\">"
            + "<style>" + STYLE + "</style>";

    private static final int FOLDED = 160;
    private static final int SEEN = 120;

    /** How many steps of color words have in each direction. */
    private static final int WORD_STEPS = 4;

    private HtmlPage() {}

    private static String resource(String name) {
        try (InputStream in = HtmlPage.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String hash(String content) {
        return "sha256-"
                + Base64.getEncoder().encodeToString(Sha256.begin().digest(content.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * Writes a report.
     *
     * @param report the report
     * @param most after how many characters there is no use in going on
     * @return the page; longer and without its end if it has more
     */
    public static String of(ReportDocument report, int most) {
        StringBuilder page = new StringBuilder(HEAD);
        HtmlElement.of(Tag.TITLE).add(report.title()).writeTo(page, most);
        page.append("</head>\n<body>");
        header(report).writeTo(page, most);
        HtmlElement main = HtmlElement.of(Tag.MAIN);
        report.parts().forEach((part, blocks) -> main.add(part(part, blocks)));
        page.append('\n');
        main.writeTo(page, most);
        page.append('\n');
        HtmlElement.of(Tag.FOOTER)
                .add(
                        HtmlElement.of(Tag.P)
                                .add(
                                        "Written by lora4j. What is not here was not measured. Texts and labels stand as they are in the data."))
                .writeTo(page, most);
        return page.append("\n<script>")
                .append(SCRIPT)
                .append("</script></body></html>\n")
                .toString();
    }

    private static HtmlElement header(ReportDocument report) {
        HtmlElement header = HtmlElement.of(Tag.HEADER)
                .add(HtmlElement.of(Tag.H1).with(Attribute.DIR, "auto").add(report.title()));
        if (!report.summary().isEmpty()) {
            header.add(
                    HtmlElement.of(Tag.P, "summary").with(Attribute.DIR, "auto").add(report.summary()));
        }
        if (report.isEmpty()) {
            header.add(HtmlElement.of(Tag.P)
                    .add("Give the report what was trained, evaluated, advised or explained, and it stands here."));
        }
        HtmlElement verdicts = HtmlElement.of(Tag.UL, "verdicts");
        report.verdicts().forEach(verdict -> verdicts.add(verdict(Tag.LI, verdict)));
        if (!verdicts.isEmpty()) {
            header.add(verdicts);
        }
        if (report.parts().size() > 1) {
            HtmlElement links = HtmlElement.of(Tag.UL);
            report.parts()
                    .keySet()
                    .forEach(part -> links.add(HtmlElement.of(Tag.LI)
                            .add(HtmlElement.of(Tag.A)
                                    .with(Attribute.HREF, "#" + part.id())
                                    .add(part.title()))));
            header.add(HtmlElement.of(Tag.NAV)
                    .with(Attribute.ARIA_LABEL, "Parts of the report")
                    .add(links));
        }
        return header;
    }

    private static HtmlElement part(ReportPart part, List<ReportBlock> blocks) {
        HtmlElement section = HtmlElement.of(Tag.SECTION)
                .with(Attribute.ARIA_LABELLEDBY, part.id())
                .add(HtmlElement.of(Tag.H2).with(Attribute.ID, part.id()).add(part.title()));
        blocks.forEach(block -> section.add(block(block)));
        return section;
    }

    private static HtmlElement block(ReportBlock block) {
        if (block instanceof Note note) {
            return text(HtmlElement.of(Tag.DIV, "note").with(Attribute.DIR, "auto"), note.text());
        }
        if (block instanceof Verdict verdict) {
            return verdict(Tag.P, verdict);
        }
        if (block instanceof Facts facts) {
            return facts(facts);
        }
        if (block instanceof Grid grid) {
            return grid(grid);
        }
        if (block instanceof Curves curves) {
            return CurveChart.of(curves);
        }
        return block instanceof HeatGrid heat ? HeatChart.of(heat) : words((ColoredText) block);
    }

    private static HtmlElement verdict(Tag tag, Verdict verdict) {
        String answer = verdict.answer().name().toLowerCase(Locale.ROOT);
        return HtmlElement.of(tag, "verdict")
                .add(HtmlElement.of(Tag.SPAN, "badge " + answer).add(answer))
                .add(" ")
                .add(HtmlElement.of(Tag.BDI, "question").add(verdict.question()))
                .add(": ")
                .add(HtmlElement.of(Tag.BDI).add(verdict.sentence()));
    }

    private static HtmlElement facts(Facts facts) {
        HtmlElement list = HtmlElement.of(Tag.DL);
        facts.values()
                .forEach((name, value) -> list.add(HtmlElement.of(Tag.DIV)
                        .add(HtmlElement.of(Tag.DT).with(Attribute.DIR, "auto").add(name))
                        .add(text(
                                HtmlElement.of(Tag.DD).with(Attribute.DIR, "auto"),
                                ReportText.shown(value, Column.Kind.NUMBER)))));
        HtmlElement block = HtmlElement.of(Tag.DIV, "facts");
        if (!facts.caption().isEmpty()) {
            block.add(HtmlElement.of(Tag.H3).add(facts.caption()));
        }
        return block.add(list);
    }

    private static HtmlElement grid(Grid grid) {
        HtmlElement head = HtmlElement.of(Tag.TR);
        grid.columns()
                .forEach(column -> head.add(HtmlElement.of(Tag.TH, column.kind() == Column.Kind.TEXT ? "t" : "n")
                        .with(Attribute.SCOPE, "col")
                        .add(column.name())));
        HtmlElement body = HtmlElement.of(Tag.TBODY);
        for (List<Object> row : grid.rows()) {
            HtmlElement line = HtmlElement.of(Tag.TR);
            for (int i = 0; i < row.size(); i++) {
                line.add(cell(row.get(i), grid.columns().get(i).kind()));
            }
            body.add(line);
        }
        HtmlElement table = HtmlElement.of(Tag.TABLE)
                .add(HtmlElement.of(Tag.CAPTION).add(caption(grid)))
                .add(HtmlElement.of(Tag.THEAD).add(head))
                .add(body);
        HtmlElement box = ScrollBox.ofRows(grid.caption(), table);
        return grid.folded()
                ? HtmlElement.of(Tag.DETAILS)
                        .add(HtmlElement.of(Tag.SUMMARY)
                                .add(HtmlElement.of(Tag.BDI).add(grid.caption()))
                                .add(String.format(
                                        Locale.ROOT, ": %,d rows", grid.rows().size())))
                        .add(box)
                : box;
    }

    private static String caption(Grid grid) {
        if (grid.of() <= grid.rows().size()) {
            return grid.rows().isEmpty() ? grid.caption() + ": none" : grid.caption();
        }
        return String.format(
                Locale.ROOT,
                "%s (cut: %,d of %,d rows)",
                grid.caption(),
                grid.rows().size(),
                grid.of());
    }

    private static HtmlElement cell(Object value, Column.Kind kind) {
        if (value instanceof Double number) {
            return HtmlElement.of(Tag.TD, "n")
                    .with(Attribute.DATA_VALUE, Double.toString(number))
                    .add(ReportText.shown(number, kind));
        }
        return text(
                HtmlElement.of(Tag.TD, kind == Column.Kind.TEXT ? "t" : "t r").with(Attribute.DIR, "auto"),
                ReportText.shown(value, kind).strip());
    }

    /** Long texts are folded: their start is seen. */
    private static HtmlElement text(HtmlElement in, String text) {
        if (text.length() <= FOLDED) {
            return in.add(text);
        }
        int end = Character.isHighSurrogate(text.charAt(SEEN - 1)) ? SEEN - 1 : SEEN;
        return in.add(HtmlElement.of(Tag.DETAILS)
                .add(HtmlElement.of(Tag.SUMMARY).add(HtmlElement.of(Tag.BDI).add(text.substring(0, end) + "\u2026")))
                .add(HtmlElement.of(Tag.P, "long").with(Attribute.DIR, "auto").add(text)));
    }

    private static HtmlElement words(ColoredText colored) {
        double most = colored.words().stream()
                .mapToDouble(word -> word.value() == null ? 0 : Math.abs(word.value()))
                .max()
                .orElse(0);
        HtmlElement line = HtmlElement.of(Tag.P, "words").with(Attribute.DIR, "auto");
        for (Word word : colored.words()) {
            int step = word.value() == null || most == 0
                    ? 0
                    : (int) Math.round(WORD_STEPS * Math.abs(word.value()) / most);
            if (step == 0) {
                line.add(word.text());
            } else {
                line.add(HtmlElement.of(Tag.MARK, (word.value() > 0 ? "p" : "n") + step)
                        .with(Attribute.TITLE, String.format(Locale.ROOT, "%+.4f", word.value()))
                        .add(word.text()));
            }
        }
        if (colored.of() > colored.words().size()) {
            line.add(String.format(
                    Locale.ROOT, " (cut: %,d of %,d words)", colored.words().size(), colored.of()));
        }
        return HtmlElement.of(Tag.FIGURE)
                .add(HtmlElement.of(Tag.FIGCAPTION).with(Attribute.DIR, "auto").add(colored.caption()))
                .add(line);
    }
}
