// Seals one OpenAI request in the whole form of RFC 9458 and opens the answer, with the ohttp and bhttp crates as they
// are. Talks in lines of hexadecimal on standard input and output:
//   in: key list (as the relay hands it out)   in: the JSON body   in: the date   out: the sealed request
//   in: the sealed answer                                                         out: the status   out: the body
use std::error::Error;
use std::io::{self, BufRead, Cursor};

fn read_line() -> Result<Vec<u8>, Box<dyn Error>> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let line = line.trim();
    (0..line.len()).step_by(2).map(|at| Ok(u8::from_str_radix(&line[at..at + 2], 16)?)).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let keys = read_line()?;
    let body = read_line()?;
    let date = read_line()?;

    let path = b"/v1/chat/completions".to_vec();
    let mut message = bhttp::Message::request(b"POST".to_vec(), b"https".to_vec(), b"node.token.place".to_vec(), path);
    message.put_header("date", date);
    message.put_header("content-type", "application/json");
    message.write_content(&body);
    let mut encoded = Vec::new();
    message.write_bhttp(bhttp::Mode::KnownLength, &mut encoded)?;

    let (sealed, answer) = ohttp::ClientRequest::from_encoded_config_list(&keys)?.encapsulate(&encoded)?;
    println!("{}", hex(&sealed));

    let opened = answer.decapsulate(&read_line()?)?;
    let response = bhttp::Message::read_bhttp(&mut Cursor::new(&opened[..]))?;
    let status = response.control().status().ok_or("the answer has no status")?;
    println!("{}", status.code());
    println!("{}", hex(response.content()));
    Ok(())
}
