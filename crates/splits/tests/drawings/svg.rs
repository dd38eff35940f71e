//! A drawing as SVG: rectangles and texts on a white ground.

use std::fmt::Write as _;

/// A drawing that grows.
pub(crate) struct Svg {
    text: String,
}

impl Svg {
    /// An empty drawing of this size, with what screen readers say of it.
    pub(crate) fn new(width: usize, height: usize, title: &str, description: &str) -> Self {
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<title>{title}</title>\n<desc>{description}</desc>\n\
             <rect width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"#ffffff\"/>\n"
        );
        Self { text }
    }

    pub(crate) fn rect(&mut self, x: usize, y: usize, width: usize, height: usize, fill: &str) {
        _ = writeln!(
            self.text,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"/>"
        );
    }

    /// A text whose base line begins, ends or has its middle (`start`, `end`, `middle`) here.
    pub(crate) fn text(&mut self, x: usize, y: usize, anchor: &str, text: &str) {
        self.any_text(x, y, anchor, "#222222", text);
    }

    /// A white text about here, on a dark ground.
    pub(crate) fn white(&mut self, x: usize, y: usize, text: &str) {
        self.any_text(x, y, "middle", "#ffffff", text);
    }

    fn any_text(&mut self, x: usize, y: usize, anchor: &str, fill: &str, text: &str) {
        _ = writeln!(
            self.text,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"{fill}\">{text}</text>"
        );
    }

    pub(crate) fn end(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }
}
